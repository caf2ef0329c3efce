"""Counting what a computation asks of its device."""

from collections import Counter
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

QUESTIONS = ("_local_scalar_dense", "item", "nonzero", "is_nonzero", "equal", "masked_select", "unique")
"""Operations whose answer the host waits for."""


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts ATen operations that compute or copy, while active; views are free.

    Under `torch.inference_mode` operations are seen as they are called: a linear layer or a normalisation is one. That
    is also what a CUDA device launches.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[str] = Counter()

    def __torch_dispatch__(self, operation: Any, _types: Any, arguments: Any = (), keywords: Any = None) -> Any:
        result = operation(*arguments, **(keywords or {}))
        if not _is_view(operation, arguments, result):
            self.counts[operation.overloadpacket.__name__] += 1
        return result

    @property
    def num_questions(self) -> int:
        """Operations whose answer the host waits for."""
        return sum(self.counts[name] for name in QUESTIONS)


def _is_view(operation: Any, arguments: Any, result: Any) -> bool:
    returns = operation._schema.returns
    if not returns or returns[0].alias_info is None or returns[0].alias_info.is_write:
        return False
    first = result[0] if isinstance(result, (tuple, list)) else result
    return bool(first.untyped_storage().data_ptr() == arguments[0].untyped_storage().data_ptr())
