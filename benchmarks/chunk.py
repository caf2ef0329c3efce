"""CPU time of a whole chunk, images to actions: the published computation against the engine.

    OMP_NUM_THREADS=1 python benchmarks/chunk.py

Baseline: `published_path.py`. The middle size keeps the published depth and the published share of the language head.
"""

import argparse
import copy

import torch
from measuring import compare, machine
from published_path import published_chunk
from sample_inputs import NUM_STEPS, make_inputs, make_model, make_noise
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs, PromptPlan
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.sizes import MIDDLE, NARROW

SIZES = {"middle": (MIDDLE, 38_000), "narrow": (NARROW, 9_500)}
LARGEST_DIFFERENCE = 1e-4


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=9, help="runs of each, in turn")
    parser.add_argument("--size", choices=SIZES, default="middle", help="size of the model")
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 3], help="numbers of cameras")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    size, vocabulary = SIZES[arguments.size]
    ours_model = make_model(size, vocabulary)
    model = copy.deepcopy(ours_model)
    model.vlm.set_attn_implementation("eager")
    engine = ChunkEngine(ours_model, num_steps=NUM_STEPS)
    print(f"{arguments.size} size, vocabulary {vocabulary}, {NUM_STEPS} steps, float32")
    print("cameras  published        ours")
    for num_cameras in arguments.cameras:
        inputs, noise = make_inputs(vocabulary, num_cameras), make_noise()
        plan = engine.plan(inputs)
        chunk = ChunkInputs(
            pixel_values=inputs.pixel_values, state=inputs.state, noise=noise, action_mask=inputs.action_mask
        )

        def published(inputs: ModelInputs = inputs, noise: torch.Tensor = noise) -> torch.Tensor:
            return published_chunk(model, inputs, noise, NUM_STEPS)

        def ours(plan: PromptPlan = plan, chunk: ChunkInputs = chunk) -> torch.Tensor:
            with torch.inference_mode():
                return engine.run(plan, chunk)

        expected = published()
        difference = float((ours() - expected).abs().max())
        if difference > LARGEST_DIFFERENCE * max(1.0, float(expected.abs().max())):
            raise SystemExit(f"results differ by {difference:.1e}, expected below {LARGEST_DIFFERENCE}")
        print(f"{num_cameras:7d} {compare(published, ours, arguments.pairs)}  difference {difference:.1e}")


if __name__ == "__main__":
    main()
