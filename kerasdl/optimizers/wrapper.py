"""What optimizers around another optimizer share."""

import warnings
from typing import Any

import keras

from kerasdl.errors import UserError


class OptimizerWrapper(keras.Optimizer):
    """Base of optimizers that surround another one, which does the update.

    The learning rate, its schedule, the count of updates, clipping, weight decay, averages,
    accumulation and loss scaling are the inner optimizer's: set them there. Under `mixed_float16`,
    Keras's `LossScaleOptimizer` goes around the whole (`compile` does that by itself).

    A subclass implements `apply` and calls `self.optimizer.apply` in it.

    Args:
        optimizer: Any Keras optimizer, its name or its config.
        name: Name of this optimizer.
        **kwargs: Nothing; an argument of the inner optimizer is refused with a hint.

    Raises:
        UserError: If `optimizer` is a `LossScaleOptimizer`, or an option is given here.
    """

    def __init__(self, optimizer: Any, name: str, **kwargs: Any) -> None:
        if kwargs:
            option, value = next(iter(kwargs.items()))
            raise UserError(
                f"`{option}` must be set on the optimizer inside {type(self).__name__}. "
                f"Received: {option}={value!r}"
            )
        optimizer = _checked_optimizer(type(self).__name__, optimizer)
        super().__init__(learning_rate=self.own_rate(optimizer), name=name)
        self.optimizer = optimizer

    @staticmethod
    def own_rate(optimizer: keras.Optimizer) -> Any:
        """What Keras is told about this optimizer's own learning rate: it has none."""
        return _no_own_rate

    def build(self, variables: list[keras.Variable]) -> None:
        """Builds the inner optimizer on the same variables."""
        if self.built:
            return
        self.optimizer.build(variables)
        super().build(variables)

    def prepared(self, trainable_variables: Any) -> list[keras.Variable]:
        """The variables that `apply` is about; the first call with variables builds."""
        if trainable_variables is not None:
            variables = list(trainable_variables)
            self.build(variables)
            return variables
        if not self.built:
            raise UserError(
                "`trainable_variables` must be given to the first `apply`, or `build(variables)` "
                "called before. Received: trainable_variables=None"
            )
        return self._trainable_variables

    @property
    def variables(self) -> list[keras.Variable]:
        """The own variables, then the inner optimizer's."""
        return self._own_variables() + self.optimizer.variables

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's learning rate."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.optimizer.learning_rate = learning_rate

    @property
    def iterations(self) -> Any:
        """The updates that the inner optimizer has made."""
        return self.optimizer.iterations

    @property
    def loss_scale_factor(self) -> float | None:
        """The inner optimizer's constant loss scale."""
        inner = getattr(self, "optimizer", None)  # Keras sets the factor before there is one
        return None if inner is None else inner.loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, factor: float | None) -> None:
        if getattr(self, "optimizer", None) is not None:
            self.optimizer.loss_scale_factor = factor

    def scale_loss(self, loss: Any) -> Any:
        """The loss as the inner optimizer wants it scaled."""
        return self.optimizer.scale_loss(loss)

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Passed on to the inner optimizer."""
        self.optimizer.finalize_variable_values(var_list)

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Passed on to the inner optimizer."""
        self.optimizer.exclude_from_weight_decay(var_list=var_list, var_names=var_names)

    def set_weights(self, weights: list[Any]) -> None:
        """Assigns values to `variables`, in their order."""
        for variable, weight in zip(self.variables, weights, strict=True):
            variable.assign(weight)

    def save_own_variables(self, store: Any) -> None:
        """The inner optimizer's variables are saved by itself, once."""
        for index, variable in enumerate(self._own_variables()):
            store[str(index)] = keras.ops.convert_to_numpy(variable)

    def load_own_variables(self, store: Any) -> None:
        """The counterpart of `save_own_variables`."""
        own = self._own_variables()
        if len(store.keys()) != len(own):
            warnings.warn(  # as Keras does: the file may be wanted for the model's weights alone
                f"Skipping the state of the optimizer '{self.name}', which has {len(own)} "
                f"variables: the file has {len(store.keys())}, so it is another optimizer's.",
                stacklevel=2,
            )
            return
        for index, variable in enumerate(own):
            variable.assign(store[str(index)])

    def _own_variables(self) -> list[keras.Variable]:
        return keras.Optimizer.variables.fget(self)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"optimizer": serialized_optimizer(self.optimizer), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "OptimizerWrapper":
        """The reverse of `get_config`."""
        config = dict(config)
        if isinstance(config["optimizer"], dict):
            config["optimizer"] = keras.saving.deserialize_keras_object(
                config["optimizer"], custom_objects=custom_objects
            )
        return cls(**config)


def _checked_optimizer(wrapper: str, optimizer: Any) -> keras.Optimizer:
    """The Keras optimizer meant by an instance, a name or a config; not a loss scaler."""
    try:
        optimizer = keras.optimizers.get(optimizer)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"`optimizer` must be a Keras optimizer or its name. Received: optimizer={optimizer!r}"
        ) from error
    if not isinstance(optimizer, keras.Optimizer):
        raise UserError(
            f"`optimizer` must be a Keras optimizer or its name. Received: optimizer={optimizer!r}"
        )
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise UserError(
            f"`optimizer` must not scale the loss: write LossScaleOptimizer({wrapper}(…)), the "
            f"other way round. Received: optimizer={optimizer!r}"
        )
    return optimizer


def serialized_optimizer(optimizer: keras.Optimizer) -> dict[str, Any]:
    """The config of an optimizer, for whichever backend loads it."""
    config = keras.saving.serialize_keras_object(optimizer)
    public = getattr(keras.optimizers, config["class_name"], None)
    if public and isinstance(optimizer, public) and str(config["module"]).startswith("keras."):
        # On PyTorch, Keras's optimizers are of private classes that only that backend has.
        config.update(module="keras.optimizers", registered_name=None)
    return config


def _no_own_rate() -> float:
    return 0.0
