import keras
import numpy as np
import pytest
from PIL import Image

from kerasdl.data import Data, Inputs, Samples
from kerasdl.errors import UserError
from kerasdl.tasks import Autoencoding, get_task


def image_data(rng, labels=True):
    x = rng.integers(0, 17, size=(12, 4, 3, 1)).astype("uint8")
    y = (np.arange(12) % 3).astype("int32") if labels else None
    return Data(
        name="small",
        task="autoencoding",
        train=Samples(x, y),
        test=Samples(x, y),
        inputs=Inputs(kind="images", shape=(4, 3, 1), dtype="uint8", value_range=(0.0, 16.0)),
        outputs=3,
        classes=("a", "b", "c"),
    )


def array_data(rng):
    x = (rng.normal(size=(20, 3)) * [1.0, 10.0, 0.0] + [5.0, 0.0, 2.0]).astype("float32")
    inputs = Inputs(kind="arrays", shape=(3,))
    return Data(name="rows", task="autoencoding", train=Samples(x), inputs=inputs, outputs=1)


def unit_scale(data):
    x = data.train.x.astype("float64")
    if data.inputs.kind == "images":
        return 0.0, 16.0
    scale = x.std(axis=0)
    return x.mean(axis=0), np.where(scale > 0, scale, 1.0)


def with_head(data):
    """A model that takes outputs in unit scale."""
    outputs = keras.Input(data.inputs.shape)
    return keras.Model(outputs, Autoencoding().head(outputs, data))


def test_task_is_known_by_name():
    assert isinstance(get_task("autoencoding"), Autoencoding)


@pytest.mark.parametrize("make", [image_data, array_data])
def test_head_goes_from_unit_scale_to_the_raw_one(make, rng):
    data = make(rng)
    unit = rng.normal(size=(5, *data.inputs.shape)).astype("float32")
    mean, scale = unit_scale(data)
    found = keras.ops.convert_to_numpy(with_head(data)(unit))
    np.testing.assert_allclose(found, unit * scale + mean, rtol=1e-5, atol=1e-5)


def test_outputs_of_another_shape_are_an_error(rng):
    with pytest.raises(UserError, match=r"shape of its inputs, \(4, 3, 1\).*\(10,\)"):
        Autoencoding().head(keras.Input((10,)), image_data(rng))


@pytest.mark.parametrize("make", [image_data, array_data])
def test_loss_is_taken_in_unit_scale(make, rng):
    data = make(rng)
    mean, scale = unit_scale(data)
    task = Autoencoding()
    loss = task.loss(None, None, data)
    target = task.targets(data.train, loss, data)
    assert target.dtype == "float32"
    np.testing.assert_array_equal(target, data.train.x)
    made = rng.normal(size=target.shape).astype("float32")
    expected = np.square((made.astype("float64") - target) / scale).mean()
    np.testing.assert_allclose(float(loss(target, made)), expected, rtol=1e-5)


def test_loss_of_the_user_sees_unit_scale_too(rng):
    data = image_data(rng)
    loss = Autoencoding().loss(keras.losses.BinaryCrossentropy(), None, data)
    target = data.train.x.astype("float32")
    made = rng.uniform(0.5, 15.5, size=target.shape).astype("float32")
    p, t = made.astype("float64") / 16, target.astype("float64") / 16
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    np.testing.assert_allclose(float(loss(target, made)), expected, rtol=1e-5)


@pytest.mark.parametrize("make", [image_data, array_data])
def test_figures_are_those_of_numpy(make, rng):
    data = make(rng)
    x = data.train.x.astype("float64")
    outputs = (x + rng.normal(size=x.shape)).astype("float32")
    found = Autoencoding().evaluate(data.train, outputs, None, data)
    errors = outputs.astype("float64") - x
    _, scale = unit_scale(data)
    mse = np.square(errors / scale).mean()
    expected = {
        "mse": mse,
        "rmse": np.sqrt(np.square(errors).mean()),
        "mae": np.abs(errors).mean(),
        "explained_variance": 1 - mse / np.square((x - x.mean(axis=0)) / scale).mean(),
    }
    assert found.figures == pytest.approx(expected, rel=1e-5)
    assert found.table == []


def test_what_is_watched_is_the_rmse_in_the_raw_unit(rng):
    data, task = image_data(rng), Autoencoding()
    model = with_head(data)
    loss = task.loss(None, model, data)
    model.compile(loss=loss, metrics=task.metrics(loss, data))
    unit = rng.uniform(size=data.train.x.shape).astype("float32")
    logs = model.evaluate(unit, task.targets(data.train, loss, data), verbose=0, return_dict=True)
    expected = np.sqrt(np.square(16 * unit.astype("float64") - data.train.x).mean())
    assert logs["rmse"] == pytest.approx(expected, rel=1e-5)
    assert task.monitor == "val_rmse" and task.monitor_mode == "min"


def test_prediction_is_the_error_of_each_input():
    inputs = np.array([[[[0]], [[16]]], [[[8]], [[8]]]], dtype="uint8")
    outputs = np.array([[[[3.0]], [[12.0]]], [[[8.0]], [[8.0]]]], dtype="float32")
    rows = Autoencoding().present(outputs, None, (), ["one", "two"], inputs)
    assert rows == [
        {"input": "one", "rmse": pytest.approx(12.5**0.5), "largest": pytest.approx(4.0)},
        {"input": "two", "rmse": 0.0, "largest": 0.0},
    ]


@pytest.mark.parametrize("labels", [True, False])
def test_pictures_of_images_are_the_reconstructions_and_the_codes(labels, rng, tmp_path):
    data = image_data(rng, labels)
    inputs = keras.Input((4, 3, 1), dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 16)(inputs))
    x = keras.layers.Dense(12)(keras.layers.Dense(2, name="code")(x))
    model = keras.Model(inputs, Autoencoding().head(keras.layers.Reshape((4, 3, 1))(x), data))
    outputs = model.predict(data.test.x, verbose=0)
    drawn = Autoencoding().pictures(data.test, outputs, model, data, tmp_path)
    assert [path.name for path in drawn] == ["reconstructions.png", "embedding.png"]
    for path in drawn:
        with Image.open(path) as picture:
            assert picture.format == "PNG"


def test_model_without_a_code_has_no_embedding(rng, tmp_path):
    data = array_data(rng)
    outputs = data.train.x
    assert Autoencoding().pictures(data.train, outputs, with_head(data), data, tmp_path) == []
