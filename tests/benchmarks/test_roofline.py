"""The analytic counter against the published sizes, counted by hand."""

import pytest
import torch
from roofline import CARDS, Cost, chunk_costs, expert_cost, language_cost, limit_ms, vision_cost
from transformers import Qwen3VLForConditionalGeneration
from zr0_policy.model.sizes import PUBLISHED, PUBLISHED_IDS, vlm_config


def test_weights_are_those_of_the_model() -> None:
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration(vlm_config(PUBLISHED, PUBLISHED_IDS)).model
    matrices = [parameter for parameter in model.language_model.layers.parameters() if parameter.ndim == 2]
    assert language_cost(PUBLISHED, 1).weights == sum(parameter.numel() for parameter in matrices) == 1_409_286_144
    tower = [parameter for name, parameter in model.visual.named_parameters() if "pos_embed" not in name]
    assert vision_cost(PUBLISHED, 1).weights == sum(parameter.numel() for parameter in tower if parameter.ndim > 1)


def test_the_expert_by_hand() -> None:
    width = 2048
    own = 3 * (4 + 8) * width**2 + 6 * (2 + 8) * width**2
    rest = 64 * width + width**2 + width * 512 + 512 * 64
    cost = expert_cost(PUBLISHED, 109, 16, 5)
    assert cost.weights == 5 * (own + rest) + 12 * width**2
    assert cost.products == 2 * (17 * 5 * (own + rest) + 109 * 12 * width**2)


@pytest.mark.parametrize(
    ("num_cameras", "gigaflops", "h200", "a6000"),
    [(1, (133, 309, 81), 1.63, 10.2), (2, (265, 448, 86), 1.73, 10.8), (3, (398, 588, 92), 1.87, 11.8)],
)
def test_whole_chunks_of_the_published_size(
    num_cameras: int, gigaflops: tuple[int, int, int], h200: float, a6000: float
) -> None:
    costs = chunk_costs(PUBLISHED, num_cameras)
    for cost, expected in zip(costs.values(), gigaflops, strict=True):
        assert cost.operations / 1e9 == pytest.approx(expected, abs=1.0)
    assert sum(cost.weights for cost in costs.values()) * 2 / 1e9 == pytest.approx(7.81, abs=0.01)
    assert limit_ms(costs, CARDS["h200"]) == pytest.approx(h200, abs=0.01)
    assert limit_ms(costs, CARDS["a6000"]) == pytest.approx(a6000, abs=0.1)


def test_the_slower_of_reading_and_multiplying_decides() -> None:
    card = CARDS["h100"]
    reading = Cost(weights=3_350_000, products=1, attention=0)
    assert reading.limit_s(card) == pytest.approx(2e-6)
    assert reading.limit_s(card, bytes_per_weight=1.0) == pytest.approx(1e-6)
    assert Cost(weights=1, products=988_000_000, attention=1_000_000).limit_s(card) == pytest.approx(1e-6)
