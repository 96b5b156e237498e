import keras
import numpy as np
import pytest

from kerasdl.layers.noise_on_gradients import NoiseOnGradients
from kerasdl.layers.noise_on_inputs import NoiseOnInputs
from kerasdl.layers.noise_on_targets import NoiseOnTargets
from kerasdl.layers.noise_on_weights import NoiseOnWeights

ZEROS = np.zeros((200, 50), "float32")


def halving(start):
    """`start`, then half of it in each further step."""
    return keras.optimizers.schedules.ExponentialDecay(start, 1, 0.5)


@pytest.mark.parametrize("make", [NoiseOnInputs, NoiseOnTargets])
def test_noise_is_gaussian_of_the_given_deviation_in_training_only(make, plain):
    layer = make(0.3, seed=1)
    noise = plain(layer(ZEROS, training=True))
    # 10,000 draws: the deviation of the mean is 0.003, of the deviation 0.002
    assert abs(noise.mean()) < 0.012
    assert abs(noise.std() - 0.3) < 0.01
    assert abs((noise**4).mean() / noise.var() ** 2 - 3) < 0.2
    np.testing.assert_array_equal(plain(layer(ZEROS)), ZEROS)
    assert not np.array_equal(noise, plain(layer(ZEROS, training=True)))


def test_deviation_follows_the_schedule_by_training_calls(plain):
    layer = NoiseOnInputs(halving(0.8), seed=1)
    for expected in (0.8, 0.4, 0.2):
        noise = plain(layer(ZEROS, training=True))
        assert abs(noise.std() / expected - 1) < 0.04
        layer(ZEROS)  # not counted
    assert int(plain(layer.training_calls)) == 3


def test_schedule_advances_in_compiled_steps_and_is_saved(tmp_path):
    model = keras.Sequential([keras.Input((3,)), NoiseOnInputs(halving(0.1), name="noise")])
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.ones(8), batch_size=2, verbose=0)
    model.save(tmp_path / "model.keras")
    layer = keras.saving.load_model(tmp_path / "model.keras").get_layer("noise")
    assert int(keras.ops.convert_to_numpy(layer.training_calls)) == 4
    assert layer.stddev.get_config() == halving(0.1).get_config()


def test_labels_flip_to_each_other_class_alike_and_ignored_ones_stay(plain):
    labels = np.full(40_000, 2)
    labels[:100] = -1
    layer = NoiseOnTargets(0.3, num_classes=4, seed=1)
    flipped = plain(layer(labels, training=True))
    assert flipped.dtype.kind == "i"
    assert (flipped[:100] == -1).all()
    shares = np.bincount(flipped[100:], minlength=4) / len(flipped[100:])
    np.testing.assert_allclose(shares, [0.1, 0.1, 0.7, 0.1], atol=0.01)
    np.testing.assert_array_equal(plain(layer(labels)), labels)


def test_targets_get_noise_in_the_data_of_a_plain_fit():
    noise, seen = NoiseOnTargets(halving(1.0), seed=1), []

    class Data(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            y = keras.ops.convert_to_numpy(noise(np.zeros((100, 1), "float32"), training=True))
            seen.append(float(y.std()))
            return np.zeros((100, 2), "float32"), y

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(Data(), verbose=0)
    # Keras may draw a batch to look at it first
    ratios = np.array(seen[1:]) / seen[:-1]
    assert len(seen) >= 3
    np.testing.assert_allclose(ratios, 0.5, rtol=0.3)


def test_outputs_and_gradients_are_those_at_the_noisy_weights(array):
    """One step of SGD from zero weights: what the update is follows from the loss seen."""
    x, kernel = np.eye(3, dtype="float32"), array(3, 2)
    layer = NoiseOnWeights(keras.layers.Dense(2, use_bias=False), 0.5, seed=3)
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.layer.set_weights([kernel])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    loss = model.train_on_batch(x, np.zeros((3, 2)))
    # the loss is mean(w ** 2) at the noisy weights w, so that a step is w / 3
    after = layer.layer.get_weights()[0]
    noisy = 3 * (kernel - after)
    np.testing.assert_allclose(loss, np.mean(noisy**2), rtol=1e-5)
    assert 0.05 < (noisy - kernel).std() < 1.5
    np.testing.assert_allclose(model.predict(x, verbose=0), after, rtol=1e-6)


def test_noise_on_weights_has_its_deviation_and_leaves_biases_alone(plain):
    inner = keras.layers.Dense(200, kernel_initializer="zeros", bias_initializer="ones")
    layer = NoiseOnWeights(inner, halving(0.3), seed=1)
    for expected in (0.3, 0.15):
        # one row of the identity picks one row of the noisy kernel; the bias is 1
        noise = plain(layer(np.eye(50, dtype="float32"), training=True)) - 1
        assert abs(noise.mean()) < 0.012
        assert abs(noise.std() / expected - 1) < 0.04
    assert not plain(inner.kernel).any()


def test_state_and_losses_of_the_wrapped_layer_are_kept_once(array):
    inner = keras.Sequential(
        [
            keras.layers.Dense(
                3, activity_regularizer="l2", kernel_regularizer="l2", kernel_initializer="ones"
            ),
            keras.layers.BatchNormalization(momentum=0.5),
        ]
    )
    layer = NoiseOnWeights(inner, 0.0)
    x = array(4, 2)
    layer(x, training=True)
    plain = x.astype("float64") @ np.ones((2, 3))
    mean = inner.layers[1].moving_mean
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(mean), 0.5 * plain.mean(axis=0), rtol=1e-5
    )
    # the activity once, over the batch, and the weights once
    losses = [float(keras.ops.convert_to_numpy(loss)) for loss in layer.losses]
    expected = [0.01 * np.sum(plain**2) / 4, 0.01 * 6]
    np.testing.assert_allclose(sorted(losses), sorted(expected), rtol=1e-5)


def test_recurrent_layers_see_one_draw_for_all_steps(plain):
    zeros = {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}
    inner = keras.layers.SimpleRNN(
        1, activation=None, return_sequences=True, bias_initializer="ones", **zeros
    )
    layer = NoiseOnWeights(inner, 0.5, seed=1)
    y = plain(layer(np.zeros((1, 4, 2), "float32"), training=True))[0, :, 0].astype("float64")
    # y[t] = 1 + w * y[t - 1] with one w
    w = y[1] - 1
    assert w != 0
    np.testing.assert_allclose(y, [1, 1 + w, 1 + w + w**2, 1 + w + w**2 + w**3], rtol=1e-5)


def test_gradient_noise_has_its_deviation_and_leaves_loss_and_outputs_alone(array):
    x, y = array(5, 40), array(5, 30)
    losses, steps = [], []
    for stddev in (0.0, 0.5):
        inner = keras.layers.Dense(30, kernel_initializer="zeros")
        model = keras.Sequential([keras.Input((40,)), NoiseOnGradients(inner, stddev, seed=2)])
        model.compile(keras.optimizers.SGD(1.0), "mse")
        losses.append(model.train_on_batch(x, y))
        steps.append(-inner.get_weights()[0])
    assert losses[0] == losses[1]
    np.testing.assert_allclose(losses[0], np.mean(y.astype("float64") ** 2), rtol=1e-5)
    noise = steps[1] - steps[0]
    assert abs(noise.std() / 0.5 - 1) < 0.06
    assert abs(noise.mean()) < 0.06


def test_gradient_noise_is_annealed_in_fit():
    inner = keras.layers.Dense(500, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((4,)), NoiseOnGradients(inner, halving(1.0), seed=2)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    sizes = []
    for _ in range(3):
        before = inner.get_weights()[0]
        model.train_on_batch(np.zeros((2, 4)), np.zeros((2, 500)))
        sizes.append((inner.get_weights()[0] - before).std())
    np.testing.assert_allclose(sizes, [1, 0.5, 0.25], rtol=0.06)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: NoiseOnInputs(-0.1), r"`stddev` must be at least 0\. Received: stddev=-0\.1"),
        (lambda: NoiseOnInputs("big"), "`stddev` must be a number or a keras.optimizers.schedules"),
        (lambda: NoiseOnTargets(2.0, num_classes=3), r"`strength` must be in \[0, 1\] for labels"),
        (lambda: NoiseOnTargets(0.1, num_classes=1), "`num_classes` must be at least 2"),
        (lambda: NoiseOnTargets(0.1)(np.zeros(3, "int32")), "Received: dtype=int32, num_cl"),
        (lambda: NoiseOnTargets(0.1, 3)(np.zeros(3, "float32")), "Received: dtype=float32, num"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
