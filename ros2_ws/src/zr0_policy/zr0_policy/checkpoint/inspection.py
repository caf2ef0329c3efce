"""What a checkpoint directory holds, and what keeps it from being served, without reading weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import ServingFacts
from zr0_policy.checkpoint.handshake import require_same_embodiment
from zr0_policy.checkpoint.opened import OpenedExpert, OpenedVlm, open_expert, open_vlm
from zr0_policy.checkpoint.parts import fact_conflicts, model_conflicts
from zr0_policy.checkpoint.safetensors_file import StoredTensor
from zr0_policy.checkpoint.serving_facts import read_serving_facts
from zr0_policy.checkpoint.tokenizer_files import read_tokens
from zr0_policy.checkpoint.vlm_config import config_style

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class WeightsSummary:
    """The weights of one model, from the headers of its files."""

    num_parameters: int
    """Numbers."""
    num_bytes: int
    """Bytes that they take in the files."""
    num_files: int
    """Files."""
    dtypes: tuple[str, ...]
    """Types that they are stored in."""

    @classmethod
    def from_tensors(cls, tensors: Sequence[StoredTensor]) -> "WeightsSummary":
        """Add up stored tensors."""
        return cls(
            num_parameters=sum(tensor.num_values for tensor in tensors),
            num_bytes=sum(tensor.num_bytes for tensor in tensors),
            num_files=len({tensor.path for tensor in tensors}),
            dtypes=tuple(sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors})),
        )


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What was found in a checkpoint directory; None where a part could not be read."""

    num_file_bytes: int
    """Size of all files."""
    style: str | None
    """Form of the configuration."""
    vlm: WeightsSummary | None
    """The vision-language model."""
    expert: WeightsSummary | None
    """The action expert."""
    num_tokens: int | None
    """Size of the vocabulary."""
    facts: ServingFacts | None
    """Embodiment, statistics, options and provenance."""
    missing: tuple[str, ...]
    """Files of the layout that are not there."""
    reasons: tuple[str, ...]
    """Why it cannot be served; empty if it can."""


def inspect_checkpoint(
    directory: Path, *, facts_directory: Path | None = None, robot: Embodiment | None = None
) -> Inspection:
    """Read everything but the weights, as far as it can be read.

    Args:
        directory: The checkpoint directory.
        facts_directory: Where embodiment, statistics, options and provenance are; None looks in the directory.
        robot: The robot that is to be controlled; None compares with none.

    Raises:
        CheckpointError: The directory does not exist.
    """
    layout.require_files(directory, (), "")
    reasons: list[str] = []
    style = _attempt(reasons, lambda: config_style(directory / layout.CONFIG))
    vlm = _attempt(reasons, lambda: open_vlm(directory))
    expert = _attempt(reasons, lambda: open_expert(directory))
    tokens = _attempt(reasons, lambda: read_tokens(directory))
    facts = _attempt(reasons, lambda: read_serving_facts(facts_directory or directory))
    if vlm is not None and expert is not None:
        if tokens is not None:
            reasons += model_conflicts(tokens, vlm.model.config, expert.model.config)
        if facts is not None:
            reasons += fact_conflicts(facts, vlm.model.config, expert.model.config)
    if facts is not None and robot is not None:
        _attempt(reasons, lambda: require_same_embodiment(robot, facts.embodiment, directory.name))
    return Inspection(
        num_file_bytes=sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()),
        style=style,
        vlm=_summary(vlm),
        expert=_summary(expert),
        num_tokens=None if tokens is None else len(tokens.tokenizer),
        facts=facts,
        missing=tuple(
            name for name in (*layout.PUBLISHED_FILES, *layout.OWN_FILES) if not (directory / name).is_file()
        ),
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _attempt(reasons: list[str], step: Callable[[], T]) -> T | None:
    try:
        return step()
    except Zr0Error as error:
        reasons.append(str(error))
        return None


def _summary(part: OpenedVlm | OpenedExpert | None) -> WeightsSummary | None:
    return None if part is None else WeightsSummary.from_tensors(part.tensors)
