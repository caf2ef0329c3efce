import copy

import pytest
import torch
from zr0_core.types import Observation
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.engine.float8 import cosine, in_float8
from zr0_policy.engine.projection import Projection
from zr0_policy.engine.sampler import Engine, Precision, Probe, make_sampler
from zr0_policy.model.zr0 import Zr0Model


def random_projection(num_in: int, num_out: int) -> Projection:
    generator = torch.Generator().manual_seed(0)
    return Projection(
        matrix=torch.randn(num_in, num_out, generator=generator), bias=torch.randn(num_out, generator=generator)
    )


def test_a_product_in_eight_bits_is_within_the_formats_rounding() -> None:
    projection = random_projection(256, 64)
    rows = torch.randn(9, 256, generator=torch.Generator().manual_seed(1)) * torch.logspace(-3, 3, 9)[:, None]
    exact, rounded = projection(rows), in_float8(projection)(rows)
    # Three bits of fraction: each factor is off by at most 1/16, uniformly, so a product's rms error is about 4 %.
    error = (rounded - exact).norm(dim=1) / exact.norm(dim=1)
    assert error.max() < 0.06
    assert error.max() > 0.005
    residual = torch.ones(9, 64)
    torch.testing.assert_close(in_float8(projection).added_to(residual, rows), residual + rounded)


def test_what_the_format_holds_exactly_is_exact() -> None:
    matrix = torch.zeros(16, 16)
    matrix[0, 0], matrix[1, 2] = 448.0, -3.5
    rows = torch.zeros(2, 16)
    rows[0, 0], rows[1, 1] = 2.0, 448.0
    got = in_float8(Projection(matrix=matrix, bias=None))(rows)
    assert got[0, 0] == 896.0
    assert got[1, 2] == -1568.0
    assert got.count_nonzero() == 2


def test_derivatives_are_those_of_the_map_without_rounding() -> None:
    projection = random_projection(32, 16)
    rows = torch.randn(3, 32, generator=torch.Generator().manual_seed(1), requires_grad=True)
    (got,) = torch.autograd.grad(in_float8(projection).added_to(torch.zeros(3, 16), rows).square().sum(), rows)
    (expected,) = torch.autograd.grad(projection(rows).square().sum(), rows)
    torch.testing.assert_close(got, expected)


def test_sizes_that_do_not_fit_and_what_is_rounded_already_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a matrix of \(24, 16\) cannot be multiplied in eight bits"):
        in_float8(random_projection(24, 16))
    with pytest.raises(ValueError, match="a Float8Projection cannot be rounded to eight bits"):
        in_float8(in_float8(random_projection(16, 16)))


def test_cosine_by_hand_over_real_components() -> None:
    one, other = torch.tensor([[[3.0, 4.0, 9.0]]]), torch.tensor([[[4.0, 3.0, -9.0]]])
    assert cosine(one, other, torch.tensor([[[1.0, 1.0, 0.0]]])) == pytest.approx(24 / 25)
    assert cosine(one, -one, torch.ones(1, 1, 3)) == pytest.approx(-1.0)


@pytest.fixture(scope="module")
def probes(checkpoint: Checkpoint, observation: Observation) -> list[Probe]:
    inputs = checkpoint.transforms().inputs(observation)
    noise = torch.randn(1, 16, 64, generator=torch.Generator().manual_seed(5))
    return [Probe(inputs=inputs, noise=noise)]


@pytest.mark.parametrize("precision", [Precision.FLOAT8_EXPERT, Precision.FLOAT8])
def test_a_lower_precision_that_passes_its_probes_is_used(
    model: Zr0Model, probes: list[Probe], precision: Precision
) -> None:
    exact = make_sampler(copy.deepcopy(model), 5, Engine.FAST)
    rounded = make_sampler(copy.deepcopy(model), 5, Engine.FAST, precision, probes)
    expected, got = (sampler.sample(probes[0].inputs, probes[0].noise) for sampler in (exact, rounded))
    assert 0.999 <= cosine(got, expected, probes[0].inputs.action_mask) < 1.0 - 1e-9
    assert (got - expected).abs().max() > 1e-3


def test_the_language_model_is_rounded_only_on_request(model: Zr0Model, probes: list[Probe]) -> None:
    chunks = [
        make_sampler(copy.deepcopy(model), 5, Engine.FAST, precision, probes).sample(probes[0].inputs, probes[0].noise)
        for precision in (Precision.FLOAT8_EXPERT, Precision.FLOAT8)
    ]
    assert not torch.equal(chunks[0], chunks[1])


def test_a_lower_precision_that_fails_its_probes_is_refused(model: Zr0Model, probes: list[Probe]) -> None:
    with pytest.raises(ValueError, match="precision 'float8' needs probes to judge its accuracy by, got none"):
        make_sampler(copy.deepcopy(model), 5, Engine.FAST, Precision.FLOAT8)
    with pytest.raises(ValueError, match="engine 'readable' has no precision 'float8'"):
        make_sampler(copy.deepcopy(model), 5, Engine.READABLE, Precision.FLOAT8, probes)
    delicate = copy.deepcopy(model)
    with torch.no_grad():
        for name, parameter in delicate.expert.named_parameters():
            if ".ff.net.2." in name or "action_decoder.layer2" in name:
                parameter.mul_(8.0)
    with pytest.raises(ValueError, match=r"turns the actions too far: cosine 0\.\d+ to full precision, expected at"):
        make_sampler(delicate, 5, Engine.FAST, Precision.FLOAT8_EXPERT, probes)
