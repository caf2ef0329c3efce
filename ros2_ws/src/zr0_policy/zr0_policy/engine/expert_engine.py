"""The action expert for sampling: what does not depend on the noisy actions is computed once.

Exact in algebra, not an approximation:

- keys and values of all cross-attention blocks depend on the prompt only: one multiplication a chunk;
- scales, shifts and the time's part of the action encoder depend on the step only: tables;
- the first two layers of the action encoder have nothing between them, nor have the output projection and the
  decoder's first layer: each pair is one matrix;
- several samples of one observation share its keys and values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from zr0_policy.engine.expert_tables import Modulation, StepTables, step_tables
from zr0_policy.engine.float8 import in_float8
from zr0_policy.engine.packed import packed
from zr0_policy.engine.projection import Projection, share
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.diffusion_transformer import OUTPUT_NORM_EPS, Block
from zr0_policy.model.flow_matching import StepVelocity


@dataclass(frozen=True, kw_only=True)
class Attended:
    """What a cross-attention block looks at, of B prompts."""

    keys: Tensor
    """(B, heads, L, head width)."""
    values: Tensor
    """Alike."""
    mask: Tensor | None
    """0 at visible prompt tokens, minus infinity at others, (B, 1, 1, L); None when all are visible."""


@dataclass(frozen=True, kw_only=True)
class PromptContext:
    """What the expert keeps of B prompts and states, for N samples of each."""

    blocks: tuple[Attended | None, ...]
    """What each block looks at; None for the action tokens themselves."""
    state_tokens: Tensor
    """(B N, 1, D)."""
    action_positions: Tensor
    """What is added to every encoded action, (B N H, D)."""


class ExpertEngine:
    """Samples from the weights of an action expert, which stays usable and shares its memory.

    Args:
        expert: The action expert, on its device, in evaluation mode.
        buckets: The time buckets that the sampler visits.
    """

    def __init__(self, expert: ActionExpert, buckets: Sequence[int]) -> None:
        transformer, encoder, decoder = expert.dit, expert.action_encoder, expert.action_decoder
        config = expert.config.diffusion_transformer_cfg
        self._num_heads = config.num_attention_heads
        self._state_layers = [
            Projection(matrix=layer.W[0], bias=layer.b[0])
            for layer in (expert.state_encoder.layer1, expert.state_encoder.layer2)
        ]
        self._dtype = expert.dtype
        with torch.no_grad():
            self._tables = step_tables(expert, buckets)
            positions = torch.zeros_like(encoder.W3.b).expand(expert.config.action_horizon, -1)
            if expert.config.add_pos_embed:
                positions = expert.position_embedding.weight[: expert.config.action_horizon]
            self._action_positions = encoder.W3.b[0] + positions  # (H, D)
            width = encoder.W1.b.shape[-1]
            self._embed = _product(encoder.W1.W[0], encoder.W2.W[0, :width])
            self._encode = encoder.W3.W[0]
            projection = transformer.proj_out_2
            self._output = Projection(
                matrix=_product(projection.weight.t(), decoder.layer1.W[0]),
                bias=_product(projection.bias[None], decoder.layer1.W[0])[0] + decoder.layer1.b[0],
            )
            self._decode = Projection(matrix=decoder.layer2.W[0], bias=decoder.layer2.b[0])
        num_rows = 1 + expert.config.action_horizon
        self._blocks = [
            _FastBlock(block, self._num_heads, num_rows, is_self=config.is_self_attention(index))
            for index, block in enumerate(transformer.blocks)
        ]
        crossing = [
            block.attn1 for index, block in enumerate(transformer.blocks) if not config.is_self_attention(index)
        ]
        self._keys_and_values = share([layer for attention in crossing for layer in (attention.to_k, attention.to_v)])

    def use_float8(self) -> None:
        """Round the weights of all blocks to eight bits; actions change by what that costs."""
        for block in self._blocks:
            block.use_float8()

    def context(self, features: Tensor, mask: Tensor | None, state: Tensor, num_samples: int = 1) -> PromptContext:
        """Prepare what all steps and samples share.

        Args:
            features: Prompt features (B, L, C).
            mask: True at the prompt tokens that the expert may see, (B, L) bool; None when it may see all.
            state: Normalised, padded states (B, 1, S).
            num_samples: Samples per observation, N.
        """
        batch, length = features.shape[:2]
        projected = self._keys_and_values(features.to(self._dtype).flatten(0, 1))
        num_crossing = sum(not block.is_self for block in self._blocks)
        split = projected.view(batch, length, num_crossing, 2, self._num_heads, -1)
        attended = split.permute(2, 3, 0, 4, 1, 5).contiguous().unbind()  # each (2, B, heads, L, head width)
        hidden = None
        if mask is not None:
            hidden = torch.zeros(mask.shape, dtype=self._dtype, device=mask.device)
            hidden = hidden.masked_fill(~mask, -torch.inf)[:, None, None]
        crossing = iter(attended)
        blocks: list[Attended | None] = []
        for block in self._blocks:
            if block.is_self:
                blocks.append(None)
            else:
                keys, values = next(crossing)
                blocks.append(Attended(keys=keys, values=values, mask=hidden))
        first, second = self._state_layers
        tokens = second(functional.relu(first(state.to(self._dtype).flatten(0, 1))))[:, None]
        positions = self._action_positions
        return PromptContext(
            blocks=tuple(blocks),
            state_tokens=tokens if num_samples == 1 else tokens.repeat_interleave(num_samples, dim=0),
            action_positions=positions if batch * num_samples == 1 else positions.repeat(batch * num_samples, 1),
        )

    def velocity(self, context: PromptContext) -> StepVelocity:
        """Return the velocity (B N, H, A) of noisy actions (B N, H, A) at a step's time bucket, under a context.

        The function raises ValueError for a bucket that the engine was not built for.
        """

        def predict(actions: Tensor, bucket: int) -> Tensor:
            if bucket not in self._tables:
                visited = ", ".join(map(str, self._tables))
                raise ValueError(f"time bucket {bucket} has no tables, available: {visited}")
            return self._velocity(context, actions, self._tables[bucket])

        return predict

    def _velocity(self, context: PromptContext, actions: Tensor, tables: StepTables) -> Tensor:
        batch, horizon = actions.shape[:2]
        rows = actions.to(self._dtype).flatten(0, 1)
        hidden = functional.silu(torch.addmm(tables.action_bias, rows, self._embed))
        encoded = torch.addmm(context.action_positions, hidden, self._encode)
        tokens = torch.cat([context.state_tokens, encoded.view(batch, horizon, -1)], dim=1)  # (B N, 1 + H, D)
        for block, modulation, attended in zip(self._blocks, tables.blocks, context.blocks, strict=True):
            tokens = block(tokens, modulation, attended)
        width = tokens.shape[-1]
        acting = functional.layer_norm(
            tokens[:, 1:], (width,), tables.output.scale, tables.output.shift, eps=OUTPUT_NORM_EPS
        )
        decoded: Tensor = self._decode(functional.relu(self._output(acting.reshape(-1, width))))
        return decoded.view(batch, horizon, -1)


class _FastBlock:
    """A block of the transformer under a fixed step."""

    def __init__(self, block: Block, num_heads: int, num_rows: int, *, is_self: bool) -> None:
        attention = block.attn1
        self.is_self = is_self
        self._num_heads = num_heads
        self._eps = block.eps
        own = [attention.to_q, attention.to_k, attention.to_v] if is_self else [attention.to_q]
        self._project = packed(share(own), num_rows)
        self._out = packed(share([_linear(attention.to_out[0])]), num_rows)
        self._widen = packed(share([_linear(block.ff.net[0].get_submodule("proj"))]), num_rows)
        self._narrow = packed(share([_linear(block.ff.net[2])]), num_rows)

    def use_float8(self) -> None:
        """Round the weights to eight bits."""
        self._project, self._out = in_float8(self._project), in_float8(self._out)
        self._widen, self._narrow = in_float8(self._widen), in_float8(self._narrow)

    def __call__(self, tokens: Tensor, modulation: Modulation, attended: Attended | None) -> Tensor:
        """Map tokens (B N, T, D); attended is None for self-attention."""
        batch, num_tokens, width = tokens.shape
        normalised = functional.layer_norm(tokens, (width,), modulation.scale, modulation.shift, eps=self._eps)
        projected = self._project(normalised.flatten(0, 1))
        if attended is None:
            queries, keys, values = projected.view(batch, num_tokens, 3, self._num_heads, -1).permute(2, 0, 3, 1, 4)
            mask = None
        else:
            # The samples of one observation look at the same keys, so they are more queries of it.
            keys, values, mask = attended.keys, attended.values, attended.mask
            queries = projected.view(len(keys), -1, self._num_heads, keys.shape[-1]).transpose(1, 2)
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        rows = tokens.flatten(0, 1)
        rows = self._out.added_to(rows, mixed.transpose(1, 2).reshape(-1, width))
        normalised = functional.layer_norm(rows, (width,), eps=self._eps)
        hidden = functional.gelu(self._widen(normalised), approximate="tanh")
        return self._narrow.added_to(rows, hidden).view(batch, num_tokens, width)


def _product(left: Tensor, right: Tensor) -> Tensor:
    """Multiply in float32 at least and round once."""
    return (left.float() @ right.float()).to(left.dtype)


def _linear(module: nn.Module) -> nn.Linear:
    assert isinstance(module, nn.Linear)
    return module
