"""Read tensors from files straight into their place, in pieces, so that nothing is in memory twice."""

from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path

import torch
from torch import Tensor

from zr0_policy.checkpoint.safetensors_file import StoredTensor
from zr0_policy.errors import CheckpointError

PIECE_BYTES = 16 * 2**20
"""How much is read at a time; also the size of the one buffer through which tensors are cast or sent to a device."""


class TensorReader:
    """Reads stored tensors onto a device in a type.

    The files are read, not mapped: mapped pages count as resident memory beside the tensors that are made from them,
    and a file that shrinks while it is mapped kills the process instead of raising.

    Args:
        device: Where the tensors go.
        dtype: The type they get.
        report: Called with the number of bytes after each piece.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype, report: Callable[[int], None]) -> None:
        self._device = device
        self._dtype = dtype
        self._report = report
        self._buffer = torch.empty(0, dtype=torch.uint8)

    def read(self, tensors: Iterable[StoredTensor]) -> Iterator[tuple[StoredTensor, Tensor]]:
        """Read tensors file by file, each file from front to back.

        Raises:
            CheckpointError: A file cannot be read, or has become shorter since its header was read.
        """
        by_path: dict[Path, list[StoredTensor]] = {}
        for tensor in tensors:
            by_path.setdefault(tensor.path, []).append(tensor)
        for path, stored in by_path.items():
            try:
                with path.open("rb", buffering=0) as file:
                    for tensor in sorted(stored, key=lambda tensor: tensor.offset):
                        yield tensor, self._read_one(file, tensor)
            except OSError as error:
                raise CheckpointError(f"{path} cannot be read: {error}") from error

    def _read_one(self, file: FileIO, stored: StoredTensor) -> Tensor:
        result = torch.empty(stored.shape, dtype=self._dtype, device=self._device)
        values = result.view(-1)
        is_direct = stored.dtype == self._dtype and self._device.type == "cpu"
        step = PIECE_BYTES // stored.dtype.itemsize
        file.seek(stored.offset)
        for first in range(0, stored.num_values, step):
            place = values[first : first + step]
            num_bytes = place.numel() * stored.dtype.itemsize
            piece = place if is_direct else self._staging(num_bytes).view(stored.dtype)
            _fill(file, piece, stored)
            if not is_direct:
                place.copy_(piece)
            self._report(num_bytes)
        return result

    def _staging(self, num_bytes: int) -> Tensor:
        if self._buffer.numel() < num_bytes:
            self._buffer = torch.empty(num_bytes, dtype=torch.uint8, pin_memory=self._device.type == "cuda")
        return self._buffer[:num_bytes]


def _fill(file: FileIO, piece: Tensor, stored: StoredTensor) -> None:
    room = piece.view(torch.uint8).numpy().data
    while room:
        num_read = file.readinto(room)
        if not num_read:
            raise CheckpointError(f"{stored.path} became shorter while it was read: {stored.name} is cut off")
        room = room[num_read:]
