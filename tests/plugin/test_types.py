import pytest

from kerasdl.errors import UserError
from kerasdl.plugin import Architecture, Config, Field


def field(**changes):
    return Field(**({"name": "width", "type": int, "default": 4, "help": ""} | changes))


@pytest.mark.parametrize(
    ("changes", "text", "value"),
    [
        ({}, "8", 8),
        ({"type": float}, "1e-3", 1e-3),
        ({"type": float}, "2", 2.0),
        ({"type": bool}, "yes", True),
        ({"type": bool}, "off", False),
        ({"type": str}, "relu", "relu"),
        ({"type": tuple[int, ...]}, "256,128", (256, 128)),
        ({"type": tuple[int, ...]}, "(256, 128)", (256, 128)),
        ({"type": tuple[int, ...]}, "", ()),
        ({"type": int, "default": None}, "none", None),
        ({"type": list}, "[[0, 1], [1, 0]]", [[0, 1], [1, 0]]),
    ],
)
def test_field_reads_text(changes, text, value):
    assert field(**changes).parse(text) == value


@pytest.mark.parametrize(
    ("changes", "value", "rule"),
    [
        ({}, "8", "int"),
        ({}, True, "int"),
        ({"minimum": 1}, 0, "at least 1"),
        ({"maximum": 3}, 4, "at most 3"),
        ({"type": float, "minimum": 0, "maximum": 1}, 1.5, r"in \[0, 1\]"),
        ({"type": float}, float("nan"), "float"),
        ({"type": str, "choices": ("max", "mean")}, "min", "one of max, mean"),
        ({"type": tuple[int, ...], "minimum": 1}, (4, 0), "at least 1"),
        ({"type": tuple[int, ...]}, 4, "tuple"),
        ({"type": tuple[str, ...]}, "relu", "tuple"),
    ],
)
def test_field_names_rule_and_value(changes, value, rule):
    with pytest.raises(UserError, match=rf"`width` must be .*{rule}.*Received: width="):
        field(**changes).check(value)


def test_unknown_field_names_the_nearest():
    record = Architecture(name="a", summary="", tasks=("t",), builder="a:b", config=(field(),))
    with pytest.raises(UserError, match="no config field 'widht'.*'width'"):
        record.resolve({}, {"widht": 3})


def test_given_values_win_over_the_variant_and_it_over_defaults():
    record = Architecture(
        name="a", summary="", tasks=("t",), builder="a:b", config=(field(), field(name="depth"))
    )
    resolved = record.resolve({"width": 8, "depth": 9}, {"width": 16})
    assert dict(resolved) == {"width": 16, "depth": 9}


def test_config_is_read_only():
    config = Config({"width": 1})
    assert config.width == config["width"] == 1
    with pytest.raises(AttributeError, match="read-only"):
        config.width = 2
    with pytest.raises(AttributeError, match="no config field"):
        config.height  # noqa: B018
