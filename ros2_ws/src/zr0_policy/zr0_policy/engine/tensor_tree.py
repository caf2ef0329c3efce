"""Frozen dataclasses of tensors, taken apart and put together."""

import dataclasses
from collections.abc import Iterator
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

Tree = TypeVar("Tree")


def tensors_of(tree: Any) -> Iterator[Tensor]:
    """Yield the tensors of a nested dataclass or tuple in the order of its fields; what is no tensor is passed by."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, tuple):
        for item in tree:
            yield from tensors_of(item)
    elif dataclasses.is_dataclass(tree):
        for field in dataclasses.fields(tree):
            yield from tensors_of(getattr(tree, field.name))


def cloned(tree: Tree, device: torch.device) -> Tree:
    """Return the same tree with tensors of its own on a device."""
    copied: Any = tree
    if isinstance(tree, Tensor):
        copied = torch.empty(tree.shape, dtype=tree.dtype, device=device).copy_(tree)
    elif isinstance(tree, tuple):
        copied = tuple(cloned(item, device) for item in tree)
    elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        parts = {field.name: cloned(getattr(tree, field.name), device) for field in dataclasses.fields(tree)}
        copied = dataclasses.replace(tree, **parts)
    return cast("Tree", copied)


def overwrite(target: Any, source: Any) -> None:
    """Copy the values of one tree into the tensors of another of the same form.

    Raises:
        ValueError: The trees have another number of tensors, or tensors of other shapes.
    """
    into, values = list(tensors_of(target)), list(tensors_of(source))
    if [tensor.shape for tensor in into] != [tensor.shape for tensor in values]:
        raise ValueError(
            f"cannot copy tensors of shapes {[tuple(tensor.shape) for tensor in values]} into "
            f"{[tuple(tensor.shape) for tensor in into]}"
        )
    for mine, value in zip(into, values, strict=True):
        mine.copy_(value, non_blocking=True)
