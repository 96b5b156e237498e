import keras
import numpy as np
import pytest

from kerasdl import create_model, layers
from kerasdl.errors import UserError
from kerasdl.plugin import Spec
from kerasdl.testing import check_architecture

TOO_SMALL = {"over_fits_ten_samples": "so few units learn no ten samples by heart"}
TINY = {
    "resnet": {"blocks": (1, 1), "width": 3},
    "cifar-resnet": {"depth": 8, "width": 3},
    "resnext": {"blocks": (1,), "width": 2, "cardinality": 2, "path_width": 2},
    "wide-resnet": {"depth": 10, "widening": 1},
    "densenet": {"blocks": (1, 1), "growth": 3},
    "densenet-bc": {"depth": 10, "growth": 3},
}


def quick(*names):
    """All names; the others take the longer suite, since each network is compiled anew."""
    return [pytest.param(n, marks=[] if n in names else [pytest.mark.long]) for n in TINY]


SHAPES = {"input_shape": (6, 6, 2), "num_classes": 3}


def test_small_resnet_keeps_the_rules():
    check_architecture("resnet", config={**SHAPES, "blocks": (1,), "width": 3})


@pytest.mark.parametrize("name", quick())
def test_small_form_learns_and_can_be_saved(name):
    only = ("builds", "every_variable_has_gradient", "save_and_load")
    check_architecture(name, config={**SHAPES, **TINY[name]}, only=only)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize("name", TINY)
def test_small_form_keeps_the_rules(name):
    check_architecture(name, config={**SHAPES, **TINY[name]}, skip=TOO_SMALL)


@pytest.mark.long
@pytest.mark.once
@pytest.mark.parametrize(
    "name, config",
    [
        ("resnet", {"blocks": (1, 1), "width": 4, "version": 2, "stem": "imagenet"}),
        ("resnet", {"blocks": (1, 1), "width": 4, "block": "bottleneck", "squeeze": 2}),
        ("resnet", {"blocks": (1, 1), "width": 4, "block": "bottleneck", "version": 2}),
        ("resnet", {"blocks": (2, 1), "width": 4, "stochastic_depth": 0.2, "dropout": 0.1}),
        ("cifar-resnet20", {"shortcut": "projection"}),
        ("wide-resnet", {"widening": 1, "dropout": 0.1, "stochastic_depth": 0.1}),
        ("densenet", {"blocks": (2, 2), "growth": 4, "stem": "imagenet", "dropout": 0.1}),
        ("resnext50", {"width": 4, "cardinality": 2, "path_width": 2, "squeeze": 4}),
    ],
)
def test_other_forms_keep_the_rules(name, config):
    shapes = {"input_shape": (32, 32, 3), "num_classes": 3}
    check_architecture(name, config={**shapes, **config}, learning_rate=1e-3)


def tiny(name, shape=(9, 8, 1), **config):
    return create_model(name, input_shape=shape, num_classes=2, **{**TINY[name], **config})


def test_stages_by_name_give_features(rng):
    model = tiny("resnet", blocks=(1, 1, 1))
    for stage, grid in enumerate([(9, 8), (5, 4), (3, 2)], 1):
        features = keras.Model(model.input, model.get_layer(f"stage{stage}").output)
        assert features.output_shape == (None, *grid, 3 * 2 ** (stage - 1))
    both = keras.Model(model.input, [features.output, model.output])
    maps, logits = both.predict(rng.normal(size=(2, 9, 8, 1)).astype("float32"), verbose=0)
    kernel, bias = model.get_layer("head").get_weights()
    np.testing.assert_allclose(logits, maps.mean((1, 2)) @ kernel + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [entry for entry in quick("resnext") if entry.values[0] not in ("resnet", "cifar-resnet")],
)
def test_stages_have_their_names_everywhere(name):
    model = tiny(name)
    names = [layer.name for layer in model.layers]
    count = {"densenet": 2, "resnext": 1}.get(name, 3)
    assert [entry for entry in names if len(entry) == 6 and entry.startswith("stage")] == [
        f"stage{stage}" for stage in range(1, count + 1)
    ]
    expected = {"wide-resnet": 64, "densenet": 7, "resnext": 8, "densenet-bc": 6}[name]
    assert model.get_layer(f"stage{count}").output.shape[-1] == expected


@pytest.mark.parametrize(
    "side, stem, grid", [(63, None, 63), (64, None, 16), (64, "small", 64), (None, None, None)]
)
def test_stem_follows_the_size_unless_said(side, stem, grid):
    model = tiny("resnext", (side, side, 3), stem=stem)
    assert model.get_layer("stage1").output.shape == (None, grid, grid, 8)
    names = [layer.name for layer in model.layers]
    assert ("stem_pool" in names) == (grid != side or side is None)


def test_images_of_any_size_are_taken(rng):
    model = tiny("resnet", (None, None, 3), stem="small")
    for side in (5, 8):
        assert model(rng.normal(size=(2, side, side, 3)).astype("float32")).shape == (2, 2)


@pytest.mark.long
def test_integer_pixels_are_taken_as_numbers(rng):
    spec = Spec(task="image-classification", input_shape=(5, 5, 1), input_dtype="uint8", outputs=2)
    model = create_model("resnext", spec=spec, **TINY["resnext"])
    floats = create_model("resnext", spec=spec.replace(input_dtype="float32"), **TINY["resnext"])
    floats.set_weights(model.get_weights())
    x = rng.integers(0, 256, size=(2, 5, 5, 1)).astype("uint8")
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(model(x)),
        keras.ops.convert_to_numpy(floats(x.astype("float32"))),
    )


@pytest.mark.parametrize("name", quick("densenet-bc"))
def test_channels_come_last_whatever_keras_is_set_to(name):
    keras.config.set_image_data_format("channels_first")
    try:
        other = tiny(name, stem="imagenet") if name in ("resnet", "densenet") else tiny(name)
    finally:
        keras.config.set_image_data_format("channels_last")
    assert other.get_layer("stage1").output.shape[:3] == (
        (None, 3, 2) if name in ("resnet", "densenet") else (None, 9, 8)
    )
    for layer in other.layers:
        assert getattr(layer, "data_format", None) in (None, "channels_last")


def test_weights_start_as_he_has_it_without_biases():
    model = create_model("resnext", input_shape=(8, 8, 3), num_classes=2, blocks=(1, 1))
    paths = [variable.path for variable in model.trainable_variables]
    assert [p for p in paths if "bias" in p] == ["head/bias"]
    for variable in model.trainable_variables:
        if variable.path.endswith("kernel") and variable.path != "head/kernel":
            seen = np.prod(variable.shape[:3])  # of the grouped ones, a group's channels
            spread = keras.ops.convert_to_numpy(variable).std()
            assert spread == pytest.approx(np.sqrt(2 / seen), rel=0.1), variable.path
    norms = [layer for layer in model.layers if hasattr(layer, "momentum")]  # blocks among them
    assert {(layer.momentum, layer.epsilon) for layer in norms} == {(0.9, 1e-5)}
    assert len(norms) == 1 + 2


@pytest.mark.parametrize(
    "name", [entry for entry in quick("wide-resnet") if "densenet" not in entry.values[0]]
)
def test_zero_last_scale_starts_with_the_shortcuts_alone(name, rng):
    model = tiny(name, zero_last_scale=True)
    blocks = [layer for layer in model.layers if "_block" in layer.name]
    ends = {"resnext": "norm_3/gamma", "wide-resnet": "convolution_2/kernel"}
    for block in blocks:
        end = ends.get(name, "norm_2/gamma")
        (last,) = [v for v in block.trainable_variables if v.path.endswith(end)]
        assert not keras.ops.convert_to_numpy(last).any()
    assert all(keras.ops.convert_to_numpy(v).any() for v in [model.get_layer("head").kernel])


def test_stochastic_depth_grows_with_the_depth():
    model = tiny("cifar-resnet", depth=14, stochastic_depth=0.3)
    blocks = [layer for layer in model.layers if isinstance(layer, layers.BasicBlock)]
    rates = [block.stochastic_depth for block in blocks]
    np.testing.assert_allclose(rates, [0.05, 0.1, 0.15, 0.2, 0.25, 0.3])


def test_dropout_is_inside_the_blocks_or_before_the_head():
    wide = tiny("wide-resnet", dropout=0.3)
    assert {b.dropout for b in wide.layers if "_block" in b.name} == {0.3}
    dense = tiny("densenet", dropout=0.2)
    assert {b.dropout for b in dense.layers if "stage" in b.name} == {0.2}
    assert tiny("resnext", dropout=0.4).get_layer("dropout").rate == 0.4


@pytest.mark.parametrize(
    "name, shape, config, stage, there",
    [
        ("resnet", (8, 8, 1), {"blocks": (1,) * 4, "stem": "imagenet"}, "stage3", "(1, 1)"),
        ("resnet", (4, 9, 1), {"blocks": (1,) * 4}, "stage4", "(1, 3)"),
        ("resnext", (2, 64, 3), {"stem": "imagenet"}, "stem_pool", "(1, 32)"),
        ("cifar-resnet", (2, 2, 1), {}, "stage3", "(1, 1)"),
        ("wide-resnet", (9, 1, 1), {}, "stage2", "(9, 1)"),
        ("densenet", (7, 7, 3), {"blocks": (1,) * 4}, "transition3", "(1, 1)"),
        ("densenet-bc", (3, 3, 3), {}, "transition2", "(1, 1)"),
    ],
)
def test_images_too_small_are_an_error_that_names_the_stage(name, shape, config, stage, there):
    with pytest.raises(UserError) as error:
        tiny(name, shape, **config)
    message = str(error.value)
    assert f"stage `{stage}` needs (height, width) of at least (2, 2)" in message
    assert message.endswith(f"(height, width) = {there}")


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize(
    "spec, message",
    [
        ({"num_classes": 2}, r"`input_shape` must be \(height, width, channels\).*=None"),
        ({"input_shape": (64, 64), "num_classes": 2}, r"\(height, width, channels\).*\(64, 64\)"),
        ({"input_shape": (64, 64, None), "num_classes": 2}, r"known.*\(64, 64, None\)"),
        ({"input_shape": (64, 64, 1)}, r"number of outputs must be at least 1.*outputs=None"),
    ],
)
def test_spec_that_says_too_little_is_an_error(name, spec, message):
    with pytest.raises(UserError, match=message):
        create_model(name, task="image-classification", **spec)


@pytest.mark.parametrize(
    "name, config, message",
    [
        ("cifar-resnet", {"depth": 21}, r"`depth` of cifar-resnet must be 6n \+ 2: 8, 14, .*=21"),
        ("wide-resnet", {"depth": 18}, r"`depth` of wide-resnet must be 6n \+ 4: 10, 16, .*=18"),
        ("densenet-bc", {"depth": 12}, r"`depth` of densenet-bc must be 6n \+ 4: .*depth=12"),
        ("resnet", {"blocks": ()}, r"`blocks` must hold at least one number"),
        ("densenet", {"blocks": ()}, r"`blocks` must hold at least one number"),
        ("resnet", {"blocks": (2, 0)}, r"`blocks` must be .*at least 1.*blocks=\(2, 0\)"),
        ("resnet", {"stem": "cifar"}, r"`stem` must be .*imagenet, small.*stem='cifar'"),
        ("resnext", {"cardinality": 0}, r"`cardinality` must be .*at least 1"),
        ("resnet", {"stochastic_depth": 1.0}, r"`stochastic_depth` must be .*0.99"),
    ],
)
def test_value_that_cannot_be_used_is_an_error(name, config, message):
    with pytest.raises(UserError, match=message):
        tiny(name, **config)
