"""Do stored tensors belong to a model?"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from zr0_policy.checkpoint.safetensors_file import StoredTensor
from zr0_policy.errors import CheckpointError

_WEIGHT_DTYPES = (torch.bfloat16, torch.float16, torch.float32, torch.float64)


def require_match(
    expected: Mapping[str, Tensor], stored: Iterable[StoredTensor], source: str, config_name: str
) -> None:
    """Check that exactly the tensors of a model are stored, in its shapes, as floating-point numbers.

    Args:
        expected: The model's tensors; only their shapes count.
        stored: What the files hold.
        source: The files, for error messages.
        config_name: The configuration file that the shapes come from, for error messages.

    Raises:
        CheckpointError: A tensor is missing, unknown, or of another shape or type; the message names it.
    """
    found = {tensor.name: tensor for tensor in stored}
    for kind, names in (
        ("lacks the tensors", set(expected) - set(found)),
        ("has unknown tensors", set(found) - set(expected)),
    ):
        if names:
            shown = ", ".join(sorted(names)[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            raise CheckpointError(f"{source} {kind} {shown}; the file is of another model or another version")
    for name, tensor in found.items():
        shape = tuple(expected[name].shape)
        if tensor.shape != shape:
            raise CheckpointError(
                f"{tensor.path}: {name} has shape {tensor.shape}, expected {shape} from {config_name}"
            )
        if tensor.dtype not in _WEIGHT_DTYPES:
            raise CheckpointError(
                f"{tensor.path}: {name} has the type {tensor.dtype}, expected one of "
                f"{', '.join(str(dtype) for dtype in _WEIGHT_DTYPES)}"
            )
