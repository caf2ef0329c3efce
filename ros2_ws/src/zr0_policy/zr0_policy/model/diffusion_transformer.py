"""The diffusion transformer of the action expert: adaptive normalisation, self- and cross-attention, feed-forward."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from zr0_policy.model.config import TransformerConfig
from zr0_policy.model.sinusoids import TIMESTEP_CHANNELS, timestep_sinusoid

OUTPUT_NORM_EPS = 1e-6
FEED_FORWARD_FACTOR = 4


class TimestepMlp(nn.Module):
    """Two linear layers on the sinusoid of the time bucket."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(TIMESTEP_CHANNELS, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, sinusoid: Tensor) -> Tensor:
        """Map (B, 256) to (B, D)."""
        return self.linear_2(functional.silu(self.linear_1(sinusoid)))  # type: ignore[no-any-return]


class TimestepEncoder(nn.Module):
    """The conditioning vector of a flow-time bucket."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.timestep_embedder = TimestepMlp(width)

    def forward(self, buckets: Tensor) -> Tensor:
        """Map buckets (B,) to conditioning (B, D)."""
        dtype = self.timestep_embedder.linear_1.weight.dtype
        return self.timestep_embedder(timestep_sinusoid(buckets).to(dtype))  # type: ignore[no-any-return]


class AdaptiveNorm(nn.Module):
    """Layer normalisation scaled and shifted by the conditioning; chunk order scale, shift."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * width)
        self.eps = eps

    def forward(self, tokens: Tensor, conditioning: Tensor) -> Tensor:
        """Normalise tokens (B, T, D) under conditioning (B, D)."""
        scale, shift = self.linear(functional.silu(conditioning))[:, None].chunk(2, dim=-1)
        normalised = functional.layer_norm(tokens, tokens.shape[-1:], eps=self.eps)
        return normalised * (1 + scale) + shift  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Multi-head attention from tokens to a context."""

    def __init__(self, config: TransformerConfig, context_width: int) -> None:
        super().__init__()
        width, has_bias = config.width, config.attention_bias
        self.num_heads = config.num_attention_heads
        self.to_q = nn.Linear(width, width, bias=has_bias)
        self.to_k = nn.Linear(context_width, width, bias=has_bias)
        self.to_v = nn.Linear(context_width, width, bias=has_bias)
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Dropout(config.dropout)])

    def forward(self, tokens: Tensor, context: Tensor, mask: Tensor | None) -> Tensor:
        """Attend from (B, T, D) to (B, L, C); mask (B, L) is true where the context may be seen."""
        queries, keys, values = (
            projection.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, heads, T or L, head)
            for projection in (self.to_q(tokens), self.to_k(context), self.to_v(context))
        )
        visible = None if mask is None else mask[:, None, None]
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=visible)
        output: Tensor = mixed.transpose(1, 2).flatten(2)
        for layer in self.to_out:
            output = layer(output)
        return output


class TanhGelu(nn.Module):
    """A linear layer under the tanh form of the Gaussian error linear unit."""

    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.proj = nn.Linear(num_in, num_out)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        return functional.gelu(self.proj(inputs), approximate="tanh")


class FeedForward(nn.Module):
    """Widen four times, activate, narrow."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        width = config.width
        layers: list[nn.Module] = [
            TanhGelu(width, FEED_FORWARD_FACTOR * width),
            nn.Dropout(config.dropout),
            nn.Linear(FEED_FORWARD_FACTOR * width, width),
        ]
        if config.final_dropout:
            layers.append(nn.Dropout(config.dropout))
        self.net = nn.ModuleList(layers)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map (B, T, D) to (B, T, D)."""
        for layer in self.net:
            tokens = layer(tokens)
        return tokens


class Block(nn.Module):
    """Attention and feed-forward with residual connections."""

    def __init__(self, config: TransformerConfig, context_width: int) -> None:
        super().__init__()
        self.norm1 = AdaptiveNorm(config.width, config.norm_eps)
        self.attn1 = Attention(config, context_width)
        self.final_dropout = nn.Dropout(config.dropout if config.final_dropout else 0.0)
        self.ff = FeedForward(config)
        self.eps = config.norm_eps

    def forward(self, tokens: Tensor, conditioning: Tensor, context: Tensor | None, mask: Tensor | None) -> Tensor:
        """Map tokens (B, T, D); a context (B, L, C) of None means self-attention."""
        normalised = self.norm1(tokens, conditioning)
        attended = self.attn1(normalised, normalised if context is None else context, mask)
        tokens = tokens + self.final_dropout(attended)
        return tokens + self.ff(functional.layer_norm(tokens, tokens.shape[-1:], eps=self.eps))  # type: ignore[no-any-return]


class DiffusionTransformer(nn.Module):
    """Blocks in the pattern one self-attention, three cross-attentions, and a conditioned output projection."""

    def __init__(self, config: TransformerConfig, context_width: int) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.timestep_encoder = TimestepEncoder(width)
        self.transformer_blocks = nn.ModuleList(
            Block(config, width if config.is_self_attention(index) else context_width)
            for index in range(config.num_layers)
        )
        self.proj_out_1 = nn.Linear(width, 2 * width)
        self.proj_out_2 = nn.Linear(width, config.output_dim)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks, in order."""
        return tuple(cast("Block", block) for block in self.transformer_blocks)

    def forward(self, tokens: Tensor, buckets: Tensor, context: Tensor, mask: Tensor) -> Tensor:
        """Transform action tokens under a prompt.

        Args:
            tokens: State and action tokens (B, T, D).
            buckets: Flow-time buckets (B,).
            context: Prompt features (B, L, C).
            mask: True where the prompt may be seen, (B, L) bool.

        Returns:
            (B, T, output_dim).
        """
        conditioning = self.timestep_encoder(buckets)
        for index, block in enumerate(self.blocks):
            is_self = self.config.is_self_attention(index)
            tokens = block(tokens, conditioning, None if is_self else context, None if is_self else mask)
        shift, scale = self.proj_out_1(functional.silu(conditioning))[:, None].chunk(2, dim=-1)
        normalised = functional.layer_norm(tokens, tokens.shape[-1:], eps=OUTPUT_NORM_EPS)
        return self.proj_out_2(normalised * (1 + scale) + shift)  # type: ignore[no-any-return]


def unit_scale_(module: nn.Module, generator: torch.Generator) -> None:
    """Draw every weight matrix anew so that each layer keeps the scale of its input; biases become zero.

    A small network with the customary standard deviation of 0.02 has activations near zero and hardly learns.
    """
    for parameter in module.parameters():
        if parameter.ndim >= 2:
            fan_in = parameter.shape[-2] if parameter.ndim == 3 else parameter.shape[-1]
            with torch.no_grad():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * fan_in**-0.5)
