"""States that go on from one batch to the next."""

from typing import Any

import keras
from keras import ops

from kerasdl.errors import UserError


@keras.saving.register_keras_serializable(package="kerasdl_recurrent")
class CarriedState(keras.layers.Wrapper):
    """A recurrent layer whose rows go on where those of the last batch ended.

    `y, s = layer(x, initial_state=s)`, `s` kept between calls. Gradients stop where a batch begins:
    truncated back-propagation through time. Row `r` of a batch must be what follows row `r` of the
    batch before, and have no padding but at the very end of its text.

    Training takes batches of `streams` rows alone. At inference a batch of `streams` rows goes on
    likewise, so that a long text can be evaluated piece by piece; any other begins with zeros and
    leaves the states alone. `reset_state()` sets them to 0, to be called where a text begins anew:
    before each epoch, evaluation and prediction.

    The states are variables that are not trained. Files of weights and `.keras` files leave them
    out, so a loaded model begins with zeros; a checkpoint of `model.variables` has them.

    Shapes: those of the layer, with `streams` as the batch's size.

    Masking: none.
    Cost: one copy of the states a batch.

    Args:
        layer: A recurrent layer that takes `initial_state`, with `return_state=True`: `LSTM`,
            `GRU`, or such a one in `WeightDrop`.
        streams: Rows of a batch.

    Call arguments:
        inputs: Goes to the layer.

    Raises:
        UserError: If `streams` is not a positive integer, the layer gives no states, or training
            gets a batch of another size. Where TensorFlow knows the size only as it runs, its own
            error tells of the shapes.

    Differs from: `stateful=True` of Keras's layers, which fixes the batch's size in the model, for
        inference too, and saves the states.

    Example:
        >>> layer = CarriedState(GRU(4, return_sequences=True, return_state=True), streams=2)
        >>> outputs, state = layer(keras.ops.ones((2, 5, 3)))
        >>> outputs.shape, state.shape
        ((2, 5, 4), (2, 4))

    Reference: Zaremba et al., 2014, section 4.1, https://arxiv.org/abs/1409.2329
    """

    def __init__(self, layer: keras.layers.Layer, streams: int, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        if isinstance(streams, bool) or not isinstance(streams, int) or streams < 1:
            raise UserError(f"`streams` must be a positive integer. Received: streams={streams!r}")
        self.streams = streams
        self.states: list[keras.Variable] = []

    def build(self, input_shape: Any) -> None:
        """Builds the layer, and makes room for the states."""
        if not self.layer.built:
            self.layer.build(input_shape)
        shapes = self.layer.compute_output_shape(input_shape)
        if not isinstance(shapes[0], tuple | list):
            raise UserError("`layer` must give its states: make it with return_state=True")
        self.states = [
            self.add_weight(
                shape=(self.streams, shape[-1]),
                initializer="zeros",
                trainable=False,
                autocast=False,
                name=f"state_{place}",
            )
            for place, shape in enumerate(shapes[1:])
        ]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The layer's output and states."""
        rows = ops.shape(inputs)[0]
        if training and isinstance(rows, int) and rows != self.streams:
            raise UserError(
                f"a stateful network is trained with batches of `streams` rows. Received: "
                f"streams={self.streams}, a batch of {rows}"
            )
        begin = [self._begin(state, rows) for state in self.states]
        # `training` reaches the layer through Keras's call context.
        output, *finals = self.layer(inputs, initial_state=begin)
        for state, final in zip(self.states, finals, strict=True):
            self._keep(state, ops.stop_gradient(final), rows, training)
        return (output, *finals)

    def _begin(self, state: keras.Variable, rows: Any) -> Any:
        """The state `(rows, U)` that a batch begins with."""
        if isinstance(rows, int):
            # A copy, for PyTorch changes the variable in place before the backward pass reads it.
            return ops.copy(state.value) if rows == self.streams else self._zeros(state, rows)
        places = ops.minimum(ops.arange(rows), self.streams - 1)
        taken = ops.take(state.value, places, axis=0)
        return ops.where(ops.equal(rows, self.streams), taken, ops.zeros_like(taken))

    def _zeros(self, state: keras.Variable, rows: int) -> Any:
        return ops.zeros((rows, state.shape[1]), dtype=state.dtype)

    def _keep(self, state: keras.Variable, final: Any, rows: Any, training: bool | None) -> None:
        final = ops.cast(final, state.dtype)
        if isinstance(rows, int):
            if rows == self.streams:
                state.assign(final)
        elif training:
            state.assign(ops.reshape(final, state.shape))  # fails as it runs for another batch
        else:
            places = ops.minimum(ops.arange(self.streams), rows - 1)
            taken = ops.take(final, places, axis=0)
            state.assign(ops.where(ops.equal(rows, self.streams), taken, state.value))

    def reset_state(self) -> None:
        """Sets the states to 0."""
        for state in self.states:
            state.assign(ops.zeros(state.shape, dtype=state.dtype))

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """The layer's."""
        return self.layer.compute_output_spec(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The layer's."""
        return self.layer.compute_output_shape(input_shape)

    def save_own_variables(self, store: Any) -> None:
        """Writes nothing: where a text stopped is no part of the model."""

    def load_own_variables(self, store: Any) -> None:
        """Begins anew."""
        self.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {**super().get_config(), "streams": self.streams}
        config["layer"].pop("build_config", None)
        return config
