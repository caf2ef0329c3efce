"""Configuration of the action expert, in the keys of the published `action_expert_config.json`."""

import dataclasses
import difflib
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zr0_policy.errors import CheckpointError

_logger = logging.getLogger(__name__)

SELF_ATTENTION_PERIOD = 4
"""Every fourth block attends to the action tokens, the others to the prompt. Source: ZR-0 paper, action expert."""


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """The diffusion transformer."""

    num_attention_heads: int = 32
    """Heads of every attention."""
    attention_head_dim: int = 64
    """Width of one head."""
    output_dim: int = 1024
    """Width of the transformer's output."""
    num_layers: int = 9
    """Blocks."""
    dropout: float = 0.2
    """Probability of dropping, in training."""
    attention_bias: bool = True
    """Whether query, key and value have biases."""
    activation_fn: str = "gelu-approximate"
    """Activation of the feed-forward layers."""
    norm_type: str = "ada_norm"
    """Normalisation of the blocks."""
    norm_elementwise_affine: bool = False
    """Whether the feed-forward normalisation has weights."""
    norm_eps: float = 1e-5
    """Epsilon of the blocks' normalisation."""
    max_num_positional_embeddings: int = 128
    """Unused with `positional_embeddings` null; kept because published files carry it."""
    positional_embeddings: str | None = None
    """Positions inside the transformer."""
    final_dropout: bool = True
    """Whether attention and feed-forward outputs are dropped out once more."""
    interleave_self_attention: bool = True
    """One self-attention block in front of every three cross-attention blocks."""
    causal_mask_in_self_attn: bool = False
    """Whether action tokens see only earlier ones."""

    def __post_init__(self) -> None:
        for name in ("num_attention_heads", "attention_head_dim", "output_dim", "num_layers"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(0.0 <= self.dropout < 1.0, "dropout", self.dropout, "in [0, 1)")
        _require(self.norm_eps > 0.0, "norm_eps", self.norm_eps, "above 0")
        for name, only in (
            ("activation_fn", "gelu-approximate"),
            ("norm_type", "ada_norm"),
            ("norm_elementwise_affine", False),
            ("positional_embeddings", None),
            ("interleave_self_attention", True),
            ("causal_mask_in_self_attn", False),
        ):
            _require(getattr(self, name) == only, name, getattr(self, name), f"{only!r}, the only one implemented")

    @property
    def width(self) -> int:
        """Width of the token stream."""
        return self.num_attention_heads * self.attention_head_dim

    def is_self_attention(self, block: int) -> bool:
        """Whether a block attends to the action tokens themselves rather than to the prompt."""
        return block % SELF_ATTENTION_PERIOD == 0


@dataclass(frozen=True, kw_only=True)
class ActionExpertConfig:
    """The action expert: encoders, diffusion transformer, decoder and flow-matching noise."""

    add_pos_embed: bool = True
    """Whether action tokens get a learned position."""
    vlm_output_embedding_dim: int = 2048
    """Width of the prompt features."""
    action_or_state_token_embedding_dim: int = 2048
    """Width of state and action tokens; the transformer's width."""
    mlp_hidden_size: int = 512
    """Hidden width of the state encoder and the action decoder."""
    max_seq_len: int = 256
    """Action positions."""
    action_dim: int = 64
    """Padded action width."""
    state_dim: int = 64
    """Padded state width."""
    action_horizon: int = 32
    """Rows of a chunk. No weight depends on it."""
    noise_beta_alpha: float = 1.5
    """First parameter of the Beta distribution of flow times."""
    noise_beta_beta: float = 1.0
    """Second parameter of it."""
    noise_s: float = 0.999
    """Largest flow time."""
    num_timestep_buckets: int = 1000
    """Resolution of the flow time that the network sees."""
    diffusion_transformer_cfg: TransformerConfig = field(default_factory=TransformerConfig)
    """The diffusion transformer."""

    def __post_init__(self) -> None:
        for name in (
            "vlm_output_embedding_dim",
            "mlp_hidden_size",
            "max_seq_len",
            "action_dim",
            "state_dim",
            "action_horizon",
            "num_timestep_buckets",
        ):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        width = self.diffusion_transformer_cfg.width
        _require(
            self.action_or_state_token_embedding_dim == width,
            "action_or_state_token_embedding_dim",
            self.action_or_state_token_embedding_dim,
            f"{width}, which is num_attention_heads * attention_head_dim",
        )
        _require(width % 2 == 0, "action_or_state_token_embedding_dim", width, "even")
        _require(
            self.action_horizon <= self.max_seq_len,
            "action_horizon",
            self.action_horizon,
            f"at most {self.max_seq_len}",
        )
        for name in ("noise_beta_alpha", "noise_beta_beta"):
            _require(getattr(self, name) > 0.0, name, getattr(self, name), "above 0")
        _require(0.0 < self.noise_s <= 1.0, "noise_s", self.noise_s, "in (0, 1]")

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], source: str) -> "ActionExpertConfig":
        """Read the published mapping.

        Keys that this implementation does not know are ignored with a warning that names them: published files may
        carry bookkeeping of the libraries that wrote them.

        Args:
            data: The parsed JSON.
            source: Where it comes from, for error messages.

        Raises:
            CheckpointError: A key is missing, has the wrong type, or a value that is not implemented.
        """
        values = _read(cls, {key: item for key, item in data.items() if key != "diffusion_transformer_cfg"}, source)
        inner = data.get("diffusion_transformer_cfg")
        if not isinstance(inner, Mapping):
            raise CheckpointError(f"{source}: diffusion_transformer_cfg must be a mapping, got {inner!r}")
        try:
            transformer = TransformerConfig(**_read(TransformerConfig, inner, f"{source}: diffusion_transformer_cfg"))
            return cls(**values, diffusion_transformer_cfg=transformer)
        except ValueError as error:
            raise CheckpointError(f"{source}: {error}") from error

    def to_mapping(self) -> dict[str, Any]:
        """Return the published mapping, ready for JSON."""
        return dataclasses.asdict(self)


def _require(is_good: bool, name: str, value: object, expected: str) -> None:
    if not is_good:
        raise ValueError(f"{name} is {value!r}, expected {expected}")


def _read(cls: type, data: Mapping[str, Any], source: str) -> dict[str, Any]:
    kinds = {item.name: item.type for item in dataclasses.fields(cls) if item.name != "diffusion_transformer_cfg"}
    unknown = sorted(set(data) - set(kinds))
    if unknown:
        shown = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        _logger.warning("%s: ignoring unknown keys %s", source, shown)
    missing = [name for name in kinds if name not in data]
    if missing:
        close = difflib.get_close_matches(missing[0], unknown, n=1)
        hint = f"; did {close[0]!r} mean {missing[0]!r}?" if close else ""
        raise CheckpointError(f"{source} lacks {', '.join(missing)}{hint}")
    for name, kind in kinds.items():
        value = data[name]
        allowed: tuple[type, ...]
        if kind is float:
            allowed = (int, float)
        elif kind is int:
            allowed = (int,)
        elif kind is bool:
            allowed = (bool,)
        else:
            allowed = (str,) if kind is str else (str, type(None))
        is_wrong_bool = isinstance(value, bool) and kind is not bool
        is_not_finite = isinstance(value, float) and not math.isfinite(value)
        if not isinstance(value, allowed) or is_wrong_bool or is_not_finite:
            raise CheckpointError(f"{source}: {name} is {value!r}, expected {getattr(kind, '__name__', kind)}")
    return {name: data[name] for name in kinds}
