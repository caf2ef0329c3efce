"""Qwen3-VL's language model as an encoder of one prompt: no cache, no head, positions computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextDecoderLayer, Qwen3VLTextModel

from zr0_policy.engine.float8 import in_float8
from zr0_policy.engine.projection import LinearMap, share
from zr0_policy.engine.rotation import rotate, signed, swap_halves


@dataclass(frozen=True, kw_only=True)
class RotationTables:
    """Rotations of queries and keys with the weights of their normalisation, for all layers.

    Heads are in G groups of as many heads as there are keys: all but the last are queries.
    """

    cosines: Tensor
    """(layers, B, L, G, 1, head width)."""
    signed_sines: Tensor
    """Alike."""


class LanguageEngine:
    """Encodes prompts with the weights of a language model, which stays usable and shares its memory.

    Args:
        language_model: The language model, on its device.

    Raises:
        ValueError: Its activation or its biases are not implemented.
    """

    def __init__(self, language_model: Qwen3VLTextModel) -> None:
        config = language_model.config
        if config.hidden_act != "silu" or config.attention_bias:
            raise ValueError(
                f"text_config has hidden_act {config.hidden_act!r} and attention_bias {config.attention_bias}, "
                "expected 'silu' and False"
            )
        self._layers = [_FastLayer(layer) for layer in language_model.layers]
        self._norm = language_model.norm

    def use_float8(self) -> None:
        """Round the weights of all layers to eight bits; features change by what that costs."""
        for layer in self._layers:
            layer.use_float8()

    def tables(self, cosines: Tensor, sines: Tensor) -> RotationTables:
        """Combine rotations (B, L, head width) with the layers' query and key weights."""
        pairs = [layer.tables(cosines.float(), sines.float()) for layer in self._layers]
        return RotationTables(
            cosines=torch.stack([cosine for cosine, _ in pairs]).to(cosines.dtype),
            signed_sines=torch.stack([sine for _, sine in pairs]).to(cosines.dtype),
        )

    def __call__(
        self, embeddings: Tensor, tables: RotationTables, image_rows: Tensor, deep: tuple[Tensor, ...]
    ) -> Tensor:
        """Return the output of the last layer, before the final normalisation, (B, L, C).

        Args:
            embeddings: Embedded prompts, images included, (B, L, C), padded on the right.
            tables: Rotations.
            image_rows: Where image tokens are among the B L tokens, (N T,).
            deep: Added at the image tokens after the first layers, each (N T, C).
        """
        batch, length, width = embeddings.shape
        rows = embeddings.reshape(-1, width)
        for index, layer in enumerate(self._layers):
            rows = layer(rows, batch, tables.cosines[index], tables.signed_sines[index])
            if index < len(deep):
                rows = rows.index_add(0, image_rows, deep[index])
        return rows.view(batch, length, width)

    def normalise(self, features: Tensor) -> Tensor:
        """Apply the final normalisation to (B, L, C)."""
        return _rms_norm(features, self._norm.weight, self._norm.variance_epsilon)


class _FastLayer:
    def __init__(self, layer: Qwen3VLTextDecoderLayer) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self._head_width = attention.head_dim
        self._num_groups = attention.num_key_value_groups + 1
        self._query_norm, self._key_norm = attention.q_norm, attention.k_norm
        self._norm1, self._norm2 = layer.input_layernorm, layer.post_attention_layernorm
        self._project: LinearMap = share([attention.q_proj, attention.k_proj, attention.v_proj])
        self._out: LinearMap = share([attention.o_proj])
        self._widen: LinearMap = share([mlp.gate_proj, mlp.up_proj])
        self._narrow: LinearMap = share([mlp.down_proj])

    def use_float8(self) -> None:
        """Round the weights to eight bits."""
        self._project, self._out = in_float8(self._project), in_float8(self._out)
        self._widen, self._narrow = in_float8(self._widen), in_float8(self._narrow)

    def tables(self, cosines: Tensor, sines: Tensor) -> tuple[Tensor, Tensor]:
        """Return this layer's cosines and signed sines (B, L, G, 1, head width) from plain ones (B, L, head width)."""
        weights = torch.stack([self._query_norm.weight] * (self._num_groups - 1) + [self._key_norm.weight]).float()
        grouped = weights[:, None]  # (G, 1, head width)
        return cosines[:, :, None, None] * grouped, signed(sines)[:, :, None, None] * swap_halves(grouped)

    def __call__(self, rows: Tensor, batch: int, cosines: Tensor, signed_sines: Tensor) -> Tensor:
        """Map tokens (B L, C)."""
        projected = self._project(_rms_norm(rows, self._norm1.weight, self._norm1.variance_epsilon))
        heads = projected.view(batch, len(rows) // batch, self._num_groups + 1, -1, self._head_width)
        directions = _rms_norm(heads[:, :, : self._num_groups], None, self._query_norm.variance_epsilon)
        rotated = rotate(directions, cosines, signed_sines)
        queries = rotated[:, :, :-1].flatten(2, 3).transpose(1, 2)  # (B, heads, L, head width)
        keys, values = rotated[:, :, -1].transpose(1, 2), heads[:, :, -1].transpose(1, 2)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, is_causal=True, enable_gqa=True)
        rows = self._out.added_to(rows, mixed.transpose(1, 2).reshape(len(rows), -1))
        gate, up = self._widen(_rms_norm(rows, self._norm2.weight, self._norm2.variance_epsilon)).chunk(2, dim=-1)
        return self._narrow.added_to(rows, functional.silu(gate) * up)


def _rms_norm(values: Tensor, weight: Tensor | None, eps: float) -> Tensor:
    return functional.rms_norm(values, values.shape[-1:], weight, eps)
