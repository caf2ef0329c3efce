"""The action expert once more, in NumPy and double precision, written from the published description alone."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def silu(x: Array) -> Array:
    return np.asarray(x / (1 + np.exp(-x)))


def norm(x: Array, eps: float) -> Array:
    return np.asarray((x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps))


def gelu_tanh(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


class ExpertArithmetic:
    """Computes one velocity, one sample at a time."""

    def __init__(self, weights: Mapping[str, Array], num_heads: int, num_layers: int) -> None:
        self.w = weights
        self.num_heads = num_heads
        self.num_layers = num_layers

    def linear(self, name: str, x: Array) -> Array:
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def category(self, name: str, x: Array) -> Array:
        return np.asarray(x @ self.w[f"{name}.W"][0] + self.w[f"{name}.b"][0])

    def attention(self, name: str, x: Array, context: Array, mask: NDArray[np.bool_] | None) -> Array:
        q, k, v = (
            self.linear(f"{name}.to_q", x),
            self.linear(f"{name}.to_k", context),
            self.linear(f"{name}.to_v", context),
        )
        head = q.shape[-1] // self.num_heads
        mixed = np.empty_like(q)
        for index in range(self.num_heads):
            part = slice(index * head, (index + 1) * head)
            scores = q[:, part] @ k[:, part].T / np.sqrt(head)
            if mask is not None:
                scores[:, ~mask] = -np.inf
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, part] = weights / weights.sum(-1, keepdims=True) @ v[:, part]
        return self.linear(f"{name}.to_out.0", mixed)

    def velocity(self, state: Array, actions: Array, bucket: int, features: Array, mask: NDArray[np.bool_]) -> Array:
        """State (S,), actions (H, A), features (L, C), mask (L,) -> (H, A)."""
        width = self.w["position_embedding.weight"].shape[1]
        angles = bucket * 10000.0 ** (-np.arange(128) / 127)
        sinusoid = np.concatenate([np.cos(angles), np.sin(angles)])
        embedder = "dit.timestep_encoder.timestep_embedder"
        time = self.linear(f"{embedder}.linear_2", silu(self.linear(f"{embedder}.linear_1", sinusoid)))

        angles = bucket * 10000.0 ** (-np.arange(width // 2) / (width // 2))
        sinusoid = np.tile(np.concatenate([np.sin(angles), np.cos(angles)]), (len(actions), 1))
        hidden = np.concatenate([self.category("action_encoder.W1", actions), sinusoid], axis=1)
        tokens = self.category("action_encoder.W3", silu(self.category("action_encoder.W2", hidden)))
        tokens += self.w["position_embedding.weight"][: len(actions)]
        hidden = np.maximum(self.category("state_encoder.layer1", state[None]), 0)
        x = np.concatenate([self.category("state_encoder.layer2", hidden), tokens])

        for index in range(self.num_layers):
            block = f"dit.transformer_blocks.{index}"
            modulation = self.linear(f"{block}.norm1.linear", silu(time))
            scale, shift = modulation[:width], modulation[width:]
            y = norm(x, 1e-5) * (1 + scale) + shift
            is_self = index in {0, 4, 8}
            x = x + self.attention(f"{block}.attn1", y, y if is_self else features, None if is_self else mask)
            y = gelu_tanh(self.linear(f"{block}.ff.net.0.proj", norm(x, 1e-5)))
            x = x + self.linear(f"{block}.ff.net.2", y)

        modulation = self.linear("dit.proj_out_1", silu(time))
        shift, scale = modulation[:width], modulation[width:]
        x = self.linear("dit.proj_out_2", norm(x, 1e-6) * (1 + scale) + shift)
        hidden = np.maximum(self.category("action_decoder.layer1", x[1:]), 0)
        return self.category("action_decoder.layer2", hidden)
