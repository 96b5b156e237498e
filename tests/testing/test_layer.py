"""Each rule of a layer is broken by a planted fault, and kept by Keras's own layers."""

import itertools

import keras
import numpy as np
import pytest

from kerasdl.backend.gradients import has_float64
from kerasdl.errors import UserError
from kerasdl.testing import check_layer
from kerasdl.testing.layer import LAYER_CHECKS

ops = keras.ops
register = keras.saving.register_keras_serializable(package="kerasdl_tests_layer")


@register
class Gain(keras.layers.Layer):
    """Sound: `y = factor * (x * w + b)`."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="w")
        self.b = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="b")

    def call(self, x, training=False):
        return self.factor * (x * self.w + self.b)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


class Unregistered(Gain):
    pass


@register
class ForgetsArgument(Gain):
    def get_config(self):
        config = super().get_config()
        del config["factor"]
        return config


@register
class ChangesArgument(Gain):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(factor * 2, **kwargs)


@register
class BuildRewritesArgument(Gain):
    def build(self, input_shape):
        super().build(input_shape)
        self.factor = float(input_shape[-1])


@register
class NaNOutput(Gain):
    def call(self, x, training=False):
        return ops.log(-ops.square(super().call(x)))


@register
class WrongShape(Gain):
    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)


@register
class WrongDtype(Gain):
    def call(self, x, training=False):
        return ops.cast(super().call(x), "bfloat16")


@register
class NaNAtBatchOne(Gain):
    """Divides by `batch - 1` in training, as an unbiased variance does."""

    def call(self, x, training=False):
        y = super().call(x)
        if training:
            y = y / ops.cast(ops.shape(x)[0] - 1, y.dtype)
        return y


@register
class FixedBatch(Gain):
    """Its output has three rows whatever the batch, unless that is one."""

    def call(self, x, training=False):
        y = super().call(x)
        return y if x.shape[0] == 1 else ops.concatenate([y] * 3)[:3]


@register
class DrawsAtInference(Gain):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(factor, **kwargs)
        self.generator = keras.random.SeedGenerator(0)

    def call(self, x, training=False):
        return keras.random.dropout(super().call(x), 0.5, seed=self.generator)


@register
class UpdatesAtInference(Gain):
    """Counts calls, at inference too."""

    def build(self, input_shape):
        super().build(input_shape)
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, x, training=False):
        self.count.assign(self.count + 1.0)
        return super().call(x)


@register
class LeaksBatch(Gain):
    """Subtracts the batch's mean at inference too."""

    def call(self, x, training=False):
        y = super().call(x)
        return y - ops.mean(y, axis=0, keepdims=True)


@register
class MeanOverTime(Gain):
    """Sound: the mean over the steps that the mask lets through."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(factor, **kwargs)
        self.supports_masking = True

    def call(self, x, training=False, mask=None):
        y = super().call(x)
        if mask is None:
            return ops.mean(y, axis=1)
        weights = ops.expand_dims(ops.cast(mask, y.dtype), -1)
        return ops.sum(y * weights, axis=1) / ops.sum(weights, axis=1)

    def compute_mask(self, inputs, previous_mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[2])


@register
class PassesMaskOn(MeanOverTime):
    def compute_mask(self, inputs, previous_mask=None):
        return previous_mask


@register
class BuildsLate(Gain):
    """Its inner layer gets its weights in the first real call only."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(factor, **kwargs)
        self.inner = keras.layers.Dense(3, name="inner")

    def call(self, x, training=False):
        return self.inner(super().call(x))


@register
class IgnoresMask(MeanOverTime):
    def call(self, x, training=False, mask=None):
        return super().call(x)


@register
class DropsMask(MeanOverTime):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(factor, **kwargs)
        self.supports_masking = False


@register
class UnusedWeight(Gain):
    def build(self, input_shape):
        super().build(input_shape)
        self.spare = self.add_weight(shape=(2,), initializer="ones", name="spare")


@register
class StopsGradient(Gain):
    def call(self, x, training=False):
        return self.factor * (x * ops.stop_gradient(self.w) + self.b)


@ops.custom_gradient
def wrong_square(x):
    def grad(*args, upstream=None):
        upstream = args[0] if upstream is None else upstream
        return upstream * 3.0 * x  # 2 x would be right

    return ops.square(x), grad


@register
class WrongGradient(Gain):
    def call(self, x, training=False):
        return wrong_square(super().call(x))


@register
class CountsInPython(Gain):
    """A Python number that a trace freezes."""

    def call(self, x, training=False):
        self.calls = getattr(self, "calls", 0) + 1
        return super().call(x) * self.calls


@register
class Explodes(Gain):
    def call(self, x, training=False):
        return ops.exp(super().call(x) * 300.0)


@register
class NeverLearns(Gain):
    def call(self, x, training=False):
        return ops.stop_gradient(super().call(x)) + 0.0 * super().call(x)


NUMBERS = itertools.count()


@register
class StateOutsideVariables(Gain):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(factor, **kwargs)
        self.offset = float(next(NUMBERS))

    def call(self, x, training=False):
        return super().call(x) + self.offset


@register
class OverflowsInHalf(Gain):
    def call(self, x, training=False):
        return super().call(x) * 1e4 * 1e4 / 1e8


@register
class OtherInDouble(Gain):
    def call(self, x, training=False):
        y = super().call(x)
        return y * 2 if self.compute_dtype == "float64" else y


@register
class AlwaysFloat32(Gain):
    def call(self, x, training=False):
        return ops.cast(super().call(x), "float32")


X = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7], [0.2, 0.9, 1.1], [-0.4, 0.8, 0.6]])
STEPS = np.arange(24.0).reshape(2, 4, 3) / 10
MASK = np.array([[1, 1, 0, 0], [1, 1, 1, 0]], bool)

FAULTS = {
    "registered": [(Unregistered, "is not registered with Keras")],
    "arguments_in_config": [(ForgetsArgument, "leaves out the constructor's `factor`")],
    "config_round_trip": [(ChangesArgument, "`factor` was 4.0, now 8.0")],
    "config_kept_by_build": [(BuildRewritesArgument, "`factor` was 2.0, now 3.0")],
    "variables_made_by_build": [(BuildsLate, "inner/bias")],
    "finite_output": [(NaNOutput, "12 of 12 entries are not finite, first nan at index (0, 0)")],
    "symbolic_matches_eager": [
        (WrongShape, "the shape promised is (None, 4), the real one (4, 3)"),
        (WrongDtype, "the dtype promised is float32, the real one bfloat16"),
    ],
    "matches_reference": [(Gain, "output against reference: 12 of 12 entries differ")],
    "compiled_matches_eager": [(CountsInPython, "compiled output")],
    "any_batch_size": [
        (NaNAtBatchOne, "output for a batch of 1 in training: 3 of 3 entries are not finite"),
        (FixedBatch, "a batch of 9 at inference gives 3 rows"),
    ],
    "inference_repeats": [
        (DrawsAtInference, "output of the second call"),
        (UpdatesAtInference, "count after inference"),
    ],
    "samples_independent": [(LeaksBatch, "first sample by itself: 3 of 3 entries differ")],
    "mask_respected": [
        (IgnoresMask, "output with other values at masked steps"),
        (DropsMask, "`supports_masking` is False"),
    ],
    "mask_passed_on": [(PassesMaskOn, "the output's mask has shape (2, 4), the output (2, 3)")],
    "every_variable_has_gradient": [
        (UnusedWeight, "spare (2,) gets no gradient"),
        (StopsGradient, "/w (3,) gets no gradient"),
    ],
    "gradients": [(WrongGradient, "inputs[0] (4, 3) at")],
    "training_step": [
        (Explodes, "entries are not finite"),
        (NeverLearns, "no trainable variable changed"),
    ],
    "save_and_load": [(StateOutsideVariables, "output of the loaded model: 12 of 12")],
    "clone": [(StateOutsideVariables, "output of the clone: 12 of 12")],
    "mixed_bfloat16": [(AlwaysFloat32, "the output is float32, expected bfloat16")],
    "mixed_float16": [
        (AlwaysFloat32, "the output is float32, expected float16"),
        (OverflowsInHalf, "entries are not finite"),
    ],
    "float64": [
        (AlwaysFloat32, "the output is float32, expected float64"),
        (OtherInDouble, "output in float64: 12 of 12 entries differ"),
    ],
}
PLANTED = [(name, *fault) for name, faults in FAULTS.items() for fault in faults]


def arguments(check):
    if check.startswith("mask_"):
        return {"inputs": STEPS, "mask": MASK}
    if check == "matches_reference":
        return {"inputs": X, "reference": lambda w, x: x * w["w"] + w["b"]}
    return {"inputs": X}


def test_every_rule_has_a_planted_fault():
    assert [check.name for check in LAYER_CHECKS] == list(FAULTS)


@pytest.mark.parametrize(
    "check, layer, found", PLANTED, ids=lambda value: getattr(value, "__name__", None)
)
def test_check_layer_when_a_fault_is_planted(check, layer, found):
    if check == "float64" and not has_float64():
        pytest.skip("JAX computes in float64 only where JAX_ENABLE_X64 is set")
    if (check, layer) == ("float64", AlwaysFloat32) and keras.backend.backend() != "tensorflow":
        pytest.skip("Keras itself narrows float64 there, so a layer may too")
    given = arguments(check)
    with pytest.raises(AssertionError) as caught:
        check_layer(layer, only=[check], **given)
    message = str(caught.value)
    assert found in message
    assert f"check `{check}` failed for {layer.__name__} on float32" in message
    assert f'check_layer(..., only=["{check}"])' in message


def test_check_layer_when_a_wrong_gradient_is_planted_names_the_numbers():
    with pytest.raises(AssertionError) as caught:
        check_layer(WrongGradient, X, only=["gradients"])
    row = next(line for line in str(caught.value).splitlines() if "inputs[0]" in line)
    analytic, numeric = (
        float(part.split()[1].rstrip(",")) for part in row.split(": ", 1)[1].split(", ")[:2]
    )
    assert analytic == pytest.approx(1.5 * numeric, rel=0.02)


def test_check_layer_when_sound():
    check_layer(Gain, X, reference=lambda w, x: 2.0 * (x * w["w"] + w["b"]))


def test_check_layer_when_sound_with_a_mask():
    def reference(w, x):
        y = 2.0 * (x * w["w"] + w["b"])
        return np.stack([y[0, :2].mean(0), y[1, :3].mean(0)])

    check_layer(
        MeanOverTime,
        STEPS,
        mask=MASK,
        reference=reference,
        only=[
            "matches_reference",
            "mask_respected",
            "any_batch_size",
            "training_step",
            "save_and_load",
        ],
    )


def test_check_layer_when_dense():
    check_layer(
        lambda: keras.layers.Dense(2),
        X,
        reference=lambda w, x: x @ w["kernel"] + w["bias"],
    )


@pytest.mark.long
def test_check_layer_when_lstm():
    check_layer(lambda: keras.layers.LSTM(2), STEPS, mask=MASK)


def test_check_layer_when_layer_normalization():
    def reference(w, x):
        scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3)
        return scaled * w["gamma"] + w["beta"]

    check_layer(keras.layers.LayerNormalization, X, reference=reference)


@pytest.mark.long
def test_check_layer_when_multi_head_attention():
    # A key's bias shifts all scores of a query alike, which softmax takes out again.
    check_layer(
        lambda: keras.layers.MultiHeadAttention(2, 2),
        [STEPS, STEPS[:, :3]],
        no_gradient=["key/bias"],
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "make, inputs",
    [
        (lambda: keras.layers.BatchNormalization(), X),
        (lambda: keras.layers.Dropout(0.5), X),
        (
            lambda: keras.layers.Conv2D(2, 3, padding="same"),
            np.ones((2, 5, 5, 3)) * X[:2, None, None],
        ),
        (lambda: keras.layers.GRU(2, return_sequences=True), STEPS),
        (lambda: keras.layers.Embedding(5, 3), np.array([[1, 2], [4, 0]])),
        (lambda: keras.layers.Add(), [X, X + 1]),
        (lambda: keras.layers.Bidirectional(keras.layers.LSTM(2)), STEPS),
        (lambda: keras.Sequential([keras.layers.Dense(4, "gelu"), keras.layers.Dense(2)]), X),
    ],
)
def test_check_layer_when_built_into_keras(make, inputs):
    check_layer(make, inputs)


def test_check_layer_when_a_check_is_skipped():
    everything_else = [check.name for check in LAYER_CHECKS if check.name != "registered"]
    check_layer(
        Unregistered,
        X,
        skip={**dict.fromkeys(everything_else, "not asked"), "registered": "planted"},
    )


def test_check_layer_when_a_check_is_unknown():
    with pytest.raises(UserError, match="Received: 'save_load'. Did you mean 'save_and_load'"):
        check_layer(Gain, X, skip=["save_load"])


def test_check_layer_when_make_gives_no_layer():
    with pytest.raises(UserError, match="`make` must return a keras.layers.Layer. Received: 3"):
        check_layer(lambda: 3, X)


def test_check_layer_when_batches_differ():
    with pytest.raises(UserError, match=r"Received: shapes \[\(4, 3\), \(2, 3\)\]"):
        check_layer(keras.layers.Add, [X, X[:2]])


@register
class TwoDtypes(Gain):
    """Its second output is float32 under every policy, and says so."""

    promised = "float32"

    def call(self, x, training=False):
        y = super().call(x)
        return y, ops.sum(ops.cast(y, "float32"), axis=-1)

    def compute_output_spec(self, x, training=False):
        dtype = self.promised or self.compute_dtype
        whole = keras.KerasTensor(x.shape, self.compute_dtype)
        return whole, keras.KerasTensor(x.shape[:-1], dtype)


@register
class PromisesWrongDtype(TwoDtypes):
    promised = None


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_check_layer_when_outputs_have_their_own_dtypes(policy):
    check_layer(TwoDtypes, X, output_dtype=[None, "float32"], only=[policy])
    with pytest.raises(AssertionError, match="the output is float32, expected"):
        check_layer(TwoDtypes, X, only=[policy])
    with pytest.raises(AssertionError, match="float16, the real one float32"):
        check_layer(PromisesWrongDtype, X, output_dtype=[None, "float32"], only=[policy])


def test_check_layer_when_there_are_two_outputs():
    check_layer(TwoDtypes, X, only=["training_step", "every_variable_has_gradient", "gradients"])


def test_check_layer_when_a_mask_hides_nothing():
    with pytest.raises(UserError, match="`mask` must leave out a step"):
        check_layer(MeanOverTime, STEPS, mask=np.ones((2, 4), bool))


def test_check_layer_when_training_is_looked_at():
    def reference(w, x):
        centred = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
        return centred * w["gamma"] + w["beta"]

    check_layer(
        keras.layers.BatchNormalization,
        X,
        training=True,
        reference=reference,
        only=["matches_reference", "compiled_matches_eager", "gradients"],
    )


@register
class WithLengths(keras.layers.Layer):
    """Sum over the first `lengths` steps."""

    def call(self, x, lengths, scale=1.0):
        steps = ops.arange(ops.shape(x)[1])
        weights = ops.cast(ops.expand_dims(steps, 0) < ops.expand_dims(lengths, 1), x.dtype)
        return ops.einsum("btd,bt->bd", x, weights) * scale

    def compute_output_shape(self, x_shape, lengths_shape):
        return (x_shape[0], x_shape[2])


@pytest.mark.parametrize("form", ["list", "tuple", "dict", "call_kwargs"])
def test_check_layer_when_lengths_are_batched_with_the_input(form):
    lengths = np.array([1, 3])
    forms = {
        "list": ([STEPS, lengths], {"scale": 2.0}),
        "tuple": ((STEPS, lengths), {"scale": 2.0}),
        "dict": ({"x": STEPS, "lengths": lengths}, {"scale": 2.0}),
        "call_kwargs": (STEPS, {"lengths": lengths, "scale": 2.0}),
    }
    inputs, call_kwargs = forms[form]
    check_layer(
        WithLengths,
        inputs,
        call_kwargs=call_kwargs,
        reference=lambda w, x, *_: 2.0 * np.stack([x[0, :1].sum(0), x[1, :3].sum(0)]),
        only=["matches_reference", "any_batch_size", "compiled_matches_eager"],
    )


def test_check_layer_leaves_precision_as_it_was():
    before = keras.config.floatx(), keras.config.dtype_policy().name
    check_layer(Gain, X, only=["mixed_bfloat16", "mixed_float16", "float64", "gradients"])
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == before
