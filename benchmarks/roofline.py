"""What a chunk must cost at least on a card: multiplications, bytes of weights, and the time they take.

    python benchmarks/roofline.py --card h200
    python benchmarks/roofline.py --card h200 --cameras 2 --measured-ms 5.1

A part takes at least the longer of reading its weights once per use and multiplying at the card's peak; the parts run
one after the other. Weights of the expert are read once per Euler step: no cache of a card holds them.
"""

import argparse
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from zr0_policy.model.sizes import PUBLISHED, ModelSize

PATCHES_PER_IMAGE, TOKENS_PER_IMAGE, TEXT_TOKENS = 196, 49, 60
PATCH_VALUES, STATE_VALUES = 3 * 2 * 16 * 16, 64
MERGED = 4
"""Patches that become one token."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """An accelerator as its maker describes it."""

    name: str
    """Its name."""
    bandwidth: float
    """Memory bandwidth, bytes per second."""
    peak: float
    """Dense bfloat16 multiplications and additions per second."""


CARDS = {
    "a6000": Card(name="RTX A6000", bandwidth=768e9, peak=154.8e12),
    "4090": Card(name="RTX 4090", bandwidth=1008e9, peak=165.2e12),
    "h100": Card(name="H100 SXM", bandwidth=3350e9, peak=989e12),
    "h200": Card(name="H200", bandwidth=4800e9, peak=989e12),
}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one part of the model costs for one chunk."""

    weights: int
    """Weights that are read, each time they are used."""
    products: int
    """Operations of multiplications by weights."""
    attention: int
    """Operations of attention."""

    @property
    def operations(self) -> int:
        """All operations."""
        return self.products + self.attention

    def limit_s(self, card: Card, bytes_per_weight: float = 2.0) -> float:
        """Return the least time on a card, seconds."""
        return max(self.weights * bytes_per_weight / card.bandwidth, self.operations / card.peak)


def vision_cost(size: ModelSize, num_cameras: int) -> Cost:
    """Count the vision tower for a batch of cameras."""
    vision = size.vision
    block = 4 * vision.width**2 + 2 * vision.width * vision.hidden
    patches = PATCH_VALUES * vision.width
    merged = MERGED * vision.width
    merger = merged**2 + merged * size.language.width
    num_mergers = 1 + len(vision.deep_layers)
    per_patch = vision.num_layers * block + patches
    return Cost(
        weights=per_patch + num_mergers * merger,
        products=2 * num_cameras * (PATCHES_PER_IMAGE * per_patch + TOKENS_PER_IMAGE * num_mergers * merger),
        attention=vision.num_layers * 4 * PATCHES_PER_IMAGE**2 * vision.width * num_cameras,
    )


def language_cost(size: ModelSize, num_tokens: int) -> Cost:
    """Count the language model over a prompt, without its head."""
    language = size.language
    queries, keys = language.num_heads * language.head_width, language.num_key_heads * language.head_width
    layer = 2 * language.width * queries + 2 * language.width * keys + 3 * language.width * language.hidden
    weights = language.num_layers * layer
    return Cost(
        weights=weights,
        products=2 * weights * num_tokens,
        attention=language.num_layers * 4 * num_tokens * (num_tokens + 1) // 2 * queries,
    )


def expert_cost(size: ModelSize, num_tokens: int, horizon: int, num_steps: int) -> Cost:
    """Count the action expert as the engine runs it: prompt keys once, modulations from tables, folded encoders."""
    transformer = size.transformer
    width, hidden = transformer.width, size.encoder_hidden
    num_self = sum(transformer.is_self_attention(index) for index in range(transformer.num_layers))
    num_cross = transformer.num_layers - num_self
    feed_forward = 8 * width**2
    blocks = num_self * (4 * width**2 + feed_forward) + num_cross * (2 * width**2 + feed_forward)
    rest = STATE_VALUES * width + width**2 + width * hidden + hidden * STATE_VALUES
    once = num_cross * 2 * size.language.width * width
    per_step = blocks + rest
    rows = 1 + horizon
    attended = num_self * rows + num_cross * num_tokens
    return Cost(
        weights=num_steps * per_step + once,
        products=2 * (num_steps * per_step * rows + once * num_tokens),
        attention=num_steps * 4 * rows * attended * width,
    )


def chunk_costs(size: ModelSize, num_cameras: int, horizon: int = 16, num_steps: int = 5) -> dict[str, Cost]:
    """Count the parts of a chunk by name, for a prompt of 60 tokens and 49 for every camera."""
    num_tokens = TEXT_TOKENS + TOKENS_PER_IMAGE * num_cameras
    return {
        "vision tower": vision_cost(size, num_cameras),
        "language model": language_cost(size, num_tokens),
        "action expert": expert_cost(size, num_tokens, horizon, num_steps),
    }


def limit_ms(costs: dict[str, Cost], card: Card, bytes_per_weight: float = 2.0) -> float:
    """Return the least time of all parts one after the other, milliseconds."""
    return 1e3 * sum(cost.limit_s(card, bytes_per_weight) for cost in costs.values())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", choices=CARDS, default="h200", help="the card")
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 3], help="numbers of cameras")
    parser.add_argument("--horizon", type=int, default=16, help="rows of a chunk")
    parser.add_argument("--steps", type=int, default=5, help="Euler steps")
    parser.add_argument("--measured-ms", type=float, help="a measured time, to see which share of the limit it reaches")
    arguments = parser.parse_args()
    card = CARDS[arguments.card]
    title = f"{card.name}: {card.bandwidth / 1e9:.0f} GB/s, {card.peak / 1e12:.0f} TFLOP/s, bfloat16"
    table = Table("cameras", "part", "GFLOP", "GB", "least ms", title=title)
    for num_cameras in arguments.cameras:
        costs = chunk_costs(PUBLISHED, num_cameras, arguments.horizon, arguments.steps)
        for name, cost in costs.items():
            row = [f"{cost.operations / 1e9:.0f}", f"{2 * cost.weights / 1e9:.2f}", f"{1e3 * cost.limit_s(card):.2f}"]
            table.add_row(str(num_cameras), name, *row)
        operations = sum(cost.operations for cost in costs.values())
        weights = sum(cost.weights for cost in costs.values())
        least = limit_ms(costs, card)
        share = f" ({least / arguments.measured_ms:.0%} reached)" if arguments.measured_ms else ""
        table.add_row(
            str(num_cameras), "chunk", f"{operations / 1e9:.0f}", f"{2 * weights / 1e9:.2f}", f"{least:.2f}{share}"
        )
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
