"""`kerasdl plugins prefer NAME DISTRIBUTION`."""

import typer


def prefer(
    name: str = typer.Argument(help="A name that two plugins provide."),
    distribution: str = typer.Argument(help="The distribution it shall mean."),
) -> None:
    """Save which distribution a name means where two provide it."""
    from kerasdl.errors import UserError
    from kerasdl.plugin import host
    from kerasdl.settings import write_setting

    providers = host().catalog.distributions(name)
    if distribution not in providers:
        raise UserError(
            f"`distribution` must be one that provides {name!r}: "
            f"{', '.join(providers) or 'none does'}. Received: {distribution!r}"
        )
    path = write_setting("prefer", name, value=distribution)
    print(f"{name} means {distribution}:{name} from now on ({path})")
