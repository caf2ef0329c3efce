"""CPU time of the action expert for one chunk: recomputing everything at every step, against the engine.

    OMP_NUM_THREADS=1 python benchmarks/expert.py

Baseline: the readable modules run as published. Same weights, same noise; the largest difference is printed and must
stay below 1e-5 of the largest action.
"""

import argparse
import copy

import torch
from measuring import compare, machine
from sample_inputs import ACTION_WIDTH, HORIZON, NUM_STEPS, make_noise
from zr0_policy.engine.expert_engine import ExpertEngine
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.diffusion_transformer import unit_scale_
from zr0_policy.model.flow_matching import FlowMatching
from zr0_policy.model.sizes import MIDDLE, expert_config

PROMPT_LENGTHS = (109, 158, 207)
LARGEST_DIFFERENCE = 1e-5


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=11, help="runs of each, in turn")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    config = expert_config(MIDDLE, HORIZON)
    expert = ActionExpert(config).eval().requires_grad_(requires_grad=False)
    generator = torch.Generator().manual_seed(0)
    unit_scale_(expert, generator)
    flow = FlowMatching.from_config(config)
    engine = ExpertEngine(copy.deepcopy(expert), flow.step_buckets(NUM_STEPS))
    mask = (torch.arange(64) < ACTION_WIDTH).float().expand(1, HORIZON, 64)
    print(f"width {MIDDLE.transformer.width}, {NUM_STEPS} steps, horizon {HORIZON}, float32")
    print("tokens   published        ours")
    for length in PROMPT_LENGTHS:
        features = torch.randn(1, length, MIDDLE.language.width, generator=generator)
        visible = torch.ones(1, length, dtype=torch.bool)
        state = torch.randn(1, 1, 64, generator=generator)

        def published(
            features: torch.Tensor = features, visible: torch.Tensor = visible, state: torch.Tensor = state
        ) -> torch.Tensor:
            def predict(actions: torch.Tensor, bucket: int) -> torch.Tensor:
                velocity: torch.Tensor = expert(state, actions, torch.full((1,), bucket), features, visible)
                return velocity

            return flow.sample(predict, make_noise(), mask, NUM_STEPS)

        def ours(features: torch.Tensor = features, state: torch.Tensor = state) -> torch.Tensor:
            context = engine.context(features, None, state)
            return flow.sample(engine.velocity(context), make_noise(), mask, NUM_STEPS)

        with torch.inference_mode():
            expected = published()
            difference = float((ours() - expected).abs().max())
            if difference > LARGEST_DIFFERENCE * max(1.0, float(expected.abs().max())):
                raise SystemExit(f"results differ by {difference:.1e}, expected below {LARGEST_DIFFERENCE}")
            print(f"{length:6d} {compare(published, ours, arguments.pairs)}  difference {difference:.1e}")


if __name__ == "__main__":
    main()
