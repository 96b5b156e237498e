"""What kerasdl asks."""

from kerasdl.plugin import Architecture, Field, hookimpl


@hookimpl
def kerasdl_architectures():
    """An architecture on another plugin's."""
    yield Architecture(
        name="necked",
        summary="A residual network with one more layer",
        tasks=("image-classification",),
        builder="kerasdl_necked.model:build",
        requires=("kerasdl-resnet:resnet",),
        config=(
            Field(name="width", type=int, default=64, minimum=1, help="Channels of the ResNet"),
            Field(name="units", type=int, default=64, minimum=1, help="Units of the neck"),
            Field(name="frozen", type=bool, default=False, help="Train neck and head alone"),
        ),
        small={"width": 4, "units": 8},
    )
