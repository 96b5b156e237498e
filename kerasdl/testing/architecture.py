"""The checks of an architecture, in order: the first to fail is the nearest to the cause."""

from collections.abc import Collection, Mapping
from typing import Any

from kerasdl.plugin import Spec
from kerasdl.testing import architecture_outputs as outputs
from kerasdl.testing import architecture_record as record
from kerasdl.testing import architecture_saving as saving
from kerasdl.testing import architecture_training as training
from kerasdl.testing import checks
from kerasdl.testing.architecture_case import ArchitectureCase

ARCHITECTURE_CHECKS = checks.collect(
    record.imports_no_backend,
    record.requirements_are_declared,
    record.builds,
    record.own_names,
    outputs.symbolic_matches_eager,
    outputs.finite_output,
    outputs.all_variables_at_build,
    outputs.batch_of_one,
    outputs.same_output_twice,
    training.same_seed_same_model,
    outputs.samples_independent,
    outputs.odd_sizes,
    outputs.padding_changes_nothing,
    outputs.later_tokens_change_nothing,
    outputs.mixed_bfloat16,
    outputs.compiled_matches_eager,
    saving.save_and_load,
    saving.clone,
    training.every_variable_has_gradient,
    training.gradients_are_right,
    training.loss_falls,
    training.over_fits_ten_samples,
    training.resumes_exactly,
    record.fields_matter,
    record.parameters_are_true,
    saving.same_on_other_backends,
    saving.exports_to_onnx,
)
"""The rules of an architecture."""

IN_OTHER_PROCESSES = (
    "imports_no_backend",
    "parameters_are_true",
    "same_on_other_backends",
    "exports_to_onnx",
)
"""Checks that take seconds whatever the size of the model, since each starts a process."""


def check_architecture(
    name: str,
    *,
    spec: Spec | None = None,
    config: Mapping[str, Any] | None = None,
    inputs: Any = None,
    no_gradient: Collection[str] = (),
    unused: Collection[str] = (),
    learning_rate: float = 0.01,
    skip: Collection[str] = (),
    only: Collection[str] | None = None,
) -> None:
    """Runs every rule of `ARCHITECTURE_CHECKS` that applies, at a small size.

    Args:
        name: What `kerasdl.create_model` takes: architecture, variant or alias.
        spec: The spec it is built for; by default a small one of the record's first task, unless
            `config` holds the short forms (`input_shape=`, `num_classes=`, ...).
        config: Values of the architecture's config fields, chosen small; by default the record's
            `small`.
        inputs: One batch; by default random floats, and random ids below the size of the
            vocabulary: that of the target for an input named `previous`, of the characters for
            `characters`. Integer inputs of any length are right-padded with 0, each row more.
        no_gradient: Shell-style patterns of paths of trainable variables whose gradient is 0 by
            design, such as an attention's key bias.
        unused: Config fields that have no effect at this spec and config, by design.
        learning_rate: Rate of the 300 steps of Adam; a tenth of it is tried too.
        skip: Names of checks left out, or a mapping of names to reasons.
        only: Names of the only checks run.

    Raises:
        AssertionError: At the first rule broken; names check, architecture and what reproduces it.
        UserError: If an argument here is wrong.

    Example:
        >>> check_architecture(
        ...     "mlp",
        ...     config={"input_shape": (4,), "num_classes": 3},
        ...     only=["builds", "finite_output"],
        ... )
    """
    chosen = checks.selected(ARCHITECTURE_CHECKS, skip, only)
    case = ArchitectureCase(
        name,
        spec=spec,
        config=config,
        inputs=inputs,
        no_gradient=no_gradient,
        unused=unused,
        learning_rate=learning_rate,
    )
    checks.run("check_architecture", chosen, case)
