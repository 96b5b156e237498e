"""The configuration of a run from what a command was given."""

from typing import Any

from kerasdl.errors import UserError


def run_config(given: dict[str, Any], fields: dict[str, str], config: str = "") -> Any:
    """`RunConfig` of options over a saved configuration over what the architecture recommends.

    Args:
        given: Options; those that are None or empty were not given.
        fields: `--set` of the architecture's fields.
        config: Path of a saved configuration; empty for none.

    Raises:
        UserError: If the architecture is not named, or a value is wrong.
    """
    from kerasdl.models import model_info, parse_fields
    from kerasdl.training.config import make_config, read_config, with_recipe

    given = {name: value for name, value in given.items() if value not in (None, "", ())}
    saved = read_config(config) if config else {}
    values = {**saved, **given}
    if "architecture" in given and given["architecture"] != saved.get("architecture"):
        saved.pop("fields", None)
    if not values.get("architecture"):
        raise UserError("name an architecture (see `kerasdl list`), or give --config FILE")
    record = model_info(values["architecture"])
    parsed = saved.get("fields", {})
    if not isinstance(parsed, dict):
        raise UserError(f"configuration {config}: `fields` must be a table. Received: {parsed!r}")
    parsed = {**parsed, **parse_fields(values["architecture"], fields)}
    record.resolve({}, parsed)
    return make_config(with_recipe({**values, "fields": parsed}, record, bool(config)))
