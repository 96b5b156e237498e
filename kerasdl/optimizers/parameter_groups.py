"""Learning rates and weight decay by the names and depths of variables."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from kerasdl.backend.dense import dense
from kerasdl.errors import UserError
from kerasdl.optimizers._checks import check_flag, check_positive, check_share
from kerasdl.optimizers._groups import Group, rate_factors, table
from kerasdl.optimizers._patterns import check_found, check_patterns, found
from kerasdl.optimizers.at_rest import select
from kerasdl.optimizers.wrapper import OptimizerWrapper

BIASES_AND_NORMS = (r"(^|/)(bias|gamma|beta|scale)$",)


@keras.saving.register_keras_serializable(package="kerasdl")
class ParameterGroups(OptimizerWrapper):
    """One optimizer whose learning rate and weight decay differ by variable.

    For a variable with path `p` (such as `encoder/block_2/dense/kernel`):

    - rate: `learning_rate * r1 * r2 * …` over all patterns of `rates` found in `p`, times
      `layer_decay ** (distance of its layer from the last one)`;
    - decay: none where a pattern of `no_decay` is found in `p`, else the optimizer's, scaled with
      the variable's rate as decoupled decay is.

    Variables of equal rate and decay form a group, trained by its own copy of `optimizer`. There is
    one learning rate for all: a callback that sets it sets each group's. `global_clipnorm` means
    the norm over all groups. The groups are printed as a table when the optimizer is built, before
    training; `groups` holds them.

    Args:
        optimizer: A Keras optimizer that surrounds no other, its name or its config. It gives the
            rule and the options; copies of it do the work.
        no_decay: Regular expressions searched in paths. By default biases and the parameters of
            normalization layers. Each pattern given here or below must be found in some path.
        rates: Regular expression to factor, at least 0.
        layer_decay: Factor in (0, 1] from one layer to the one before it, or `None`.
        layers: What a layer is for `layer_decay`: regular expressions from the input to the output,
            of which each path must contain just one. By default a layer is told by the first part
            of the path that not all variables share, in the order of the model's variables.
        verbose: Whether to print the table.

    Raises:
        UserError: If an argument is out of its range, a pattern given is found in no path, a path
            has no layer or several, or `optimizer` surrounds another.

    Differs from: `keras.optimizers.MultiOptimizer`, which has no learning rate of its own (so that
    callbacks cannot set it) and clips each group by its own norm. PyTorch's `param_groups` are
    lists of tensors that the user makes.

    Example:
        >>> optimizer = kerasdl.optimizers.ParameterGroups(
        ...     keras.optimizers.AdamW(1e-3, weight_decay=0.05), layer_decay=0.75)

    Reference: rates by depth: Clark et al., 2020, section 3.1, https://arxiv.org/abs/2003.10555
    """

    def __init__(
        self,
        optimizer: Any,
        no_decay: Sequence[str] = BIASES_AND_NORMS,
        rates: Mapping[str, float] | None = None,
        layer_decay: float | None = None,
        layers: Sequence[str] | None = None,
        verbose: bool = True,
        name: str = "parameter_groups",
        **kwargs: Any,
    ) -> None:
        _check_rules(no_decay, rates, layer_decay, layers)
        check_flag("verbose", verbose)
        super().__init__(optimizer, name, **kwargs)
        self.no_decay = no_decay
        self.rates = rates
        self.layer_decay = layer_decay
        self.layers = layers
        self.verbose = verbose
        self.options = self.optimizer.get_config()  # not readable in TensorFlow's first traced step
        self.groups: list[Group] = []
        self.members: list[keras.Optimizer] = []  # Keras's callbacks look for `optimizers`

    # One rate of its own, which the members' are multiples of.
    learning_rate = keras.Optimizer.learning_rate
    scale_loss = keras.Optimizer.scale_loss

    @staticmethod
    def own_rate(optimizer: keras.Optimizer) -> Any:
        """The learning rate or schedule of the optimizer given."""
        if isinstance(optimizer, OptimizerWrapper) or hasattr(optimizer, "optimizers"):
            raise UserError(
                "`optimizer` must not surround another: write Lookahead(ParameterGroups(…)), the "
                f"other way round. Received: optimizer={optimizer!r}"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Keras's about a `lambda`: refused below
            rate = optimizer.get_config()["learning_rate"]
        if not isinstance(rate, dict):
            return rate
        try:
            return keras.saving.deserialize_keras_object(rate)
        except (ValueError, TypeError) as error:
            raise UserError(
                "`optimizer` must have a learning rate that can be saved: a float, a schedule or a "
                f"registered function. Received: {optimizer.learning_rate!r}"
            ) from error

    def build(self, variables: list[keras.Variable]) -> None:
        """Groups the variables, and makes an optimizer for each group."""
        if self.built:
            return
        keras.Optimizer.build(self, variables)
        keys = self._keys(variables)
        distinct = sorted(set(keys), reverse=True)
        self.member_of = [distinct.index(key) for key in keys]
        for index, (rate, decay) in enumerate(distinct):
            own = [v for v, m in zip(variables, self.member_of, strict=True) if m == index]
            size = sum(math.prod(v.shape) for v in own)
            self.groups.append(Group(rate, decay, tuple(v.path for v in own), size))
            self.members.append(self._member(index, self.groups[index]))
            self.members[index].build(own)
        self.sums = None
        self.global_limit = self.options.get("global_clipnorm")
        self.batches_per_update = self.options.get("gradient_accumulation_steps") or 1
        if self.global_limit and self.batches_per_update > 1:
            self.sums = self.add_optimizer_variables(variables, "gradient_sum")
        if self.verbose:
            print(self.table())

    def table(self) -> str:
        """The groups as text; they are known once the optimizer is built."""
        rate = self.options["learning_rate"]
        shown = f"{rate:g}" if isinstance(rate, float) else rate["class_name"]
        return table(self.groups, self.options.get("weight_decay"), shown)

    def apply(self, grads: list[Any], trainable_variables: Any = None) -> None:
        """One step of each group's optimizer."""
        variables = self.prepared(trainable_variables)
        grads = [dense(gradient) for gradient in grads]
        if all(gradient is None for gradient in grads):
            raise UserError("`grads` must have a gradient for some variable. Received: only None")
        if self.global_limit:
            grads = self._clip_all(grads, variables)
        for index, member in enumerate(self.members):
            pairs = [
                (gradient, variable)
                for gradient, variable in zip(grads, variables, strict=True)
                if self.member_of[self._get_variable_index(variable)] == index
            ]
            if any(gradient is not None for gradient, _ in pairs):
                member.apply(*zip(*pairs, strict=True))
        self._batches.assign_add(1)

    @property
    def variables(self) -> list[keras.Variable]:
        """The own variables, then those of each group."""
        return self._own_variables() + [v for member in self.members for v in member.variables]

    @property
    def iterations(self) -> Any:
        """The updates made; accumulated batches count once."""
        if not self.built or self.batches_per_update == 1:
            return self._batches
        return ops.floor_divide(self._batches, self.batches_per_update)

    @property
    def loss_scale_factor(self) -> float | None:
        """The constant loss scale, the same in all groups."""
        inner = getattr(self, "optimizer", None)  # Keras sets the factor before there is one
        return None if inner is None else inner.loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, factor: float | None) -> None:
        for optimizer in [getattr(self, "optimizer", None), *getattr(self, "members", ())]:
            if optimizer is not None:
                optimizer.loss_scale_factor = factor

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Passed on to each group, with its variables."""
        for index, member in enumerate(self.members):
            member.finalize_variable_values(
                [v for v in var_list if self.member_of[self._get_variable_index(v)] == index]
            )

    def exclude_from_weight_decay(self, var_list: Any = None, var_names: Any = None) -> None:
        """Variables that are not decayed either, beside those of `no_decay`."""
        keras.Optimizer.exclude_from_weight_decay(self, var_list=var_list, var_names=var_names)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {
            "no_decay": list(self.no_decay),
            "rates": None if self.rates is None else dict(self.rates),
            "layer_decay": self.layer_decay,
            "layers": None if self.layers is None else list(self.layers),
            "verbose": self.verbose,
        }
        return {**super().get_config(), **config}

    @property
    def _batches(self) -> keras.Variable:
        return keras.Optimizer.iterations.fget(self)

    def _keys(self, variables: list[keras.Variable]) -> list[tuple[float, bool]]:
        paths = [variable.path for variable in variables]
        if tuple(self.no_decay) != BIASES_AND_NORMS:  # which a model may well have none of
            check_found("no_decay", self.no_decay, paths)
        factors = rate_factors(paths, self.rates or {}, self.layer_decay, self.layers)
        decays = [
            not found(self.no_decay, variable.path) and self._use_weight_decay(variable)
            for variable in variables
        ]
        return list(zip(factors, decays, strict=True))

    def _member(self, index: int, group: Group) -> keras.Optimizer:
        options = {**self.options, "learning_rate": 0.0, "name": f"{self.name}_{index}"}
        options["loss_scale_factor"] = self.loss_scale_factor
        if options.get("global_clipnorm"):
            options["global_clipnorm"] = None  # the norm over all groups is taken here
        if options.get("weight_decay") and not group.decay:
            options["weight_decay"] = 0.0
        member = type(self.optimizer).from_config(options)
        member.learning_rate = lambda: ops.multiply(self.learning_rate, group.rate)
        return member

    def _clip_all(self, grads: list[Any], variables: list[keras.Variable]) -> list[Any]:
        """Gradients whose mean over the batches of an update has at most the norm allowed."""
        known = [
            (position, self._get_variable_index(variable))
            for position, (gradient, variable) in enumerate(zip(grads, variables, strict=True))
            if gradient is not None and not getattr(variable, "overwrite_with_gradient", False)
        ]
        clipped = list(grads)
        totals = {position: grads[position] for position, _ in known}
        if self.sums is not None:
            totals = {p: ops.add(grads[p], self.sums[index]) for p, index in known}
        limit = self.global_limit * (self.loss_scale_factor or 1.0) * self.batches_per_update
        factor = _shrink_factor(list(totals.values()), limit)
        due = ops.equal(ops.mod(self._batches + 1, self.batches_per_update), 0)
        for position, index in known:
            total = totals[position]
            clipped[position] = ops.multiply(total, ops.cast(factor, total.dtype))
            if self.sums is not None:
                # The members add their own sums, which equal these, to what they are given.
                kept = self.sums[index]
                last = ops.subtract(clipped[position], kept)
                clipped[position] = select(due, last, grads[position])
                self.assign(kept, select(due, ops.zeros_like(total), total))
        return clipped


def _shrink_factor(gradients: list[Any], limit: float) -> Any:
    squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients]
    norm = ops.sqrt(ops.sum(ops.stack(squares)))
    # Not-a-number or infinity spreads to every gradient, as with Keras's own global clipping.
    return ops.add(ops.divide(limit, ops.maximum(norm, limit)), ops.subtract(norm, norm))


def _check_rules(no_decay: Any, rates: Any, layer_decay: float | None, layers: Any) -> None:
    if rates is not None and not isinstance(rates, Mapping):
        raise UserError(f"`rates` must map patterns to factors. Received: rates={rates!r}")
    for pattern, factor in (rates or {}).items():
        check_positive(f"rates[{pattern!r}]", factor, zero=True)
    if layer_decay is not None:
        check_share("layer_decay", layer_decay)
    if layers is not None and layer_decay is None:
        raise UserError(f"`layers` needs `layer_decay`. Received: layers={layers!r}")
    check_patterns("no_decay", no_decay)
    check_patterns("rates", rates or [])
    check_patterns("layers", layers or [])
