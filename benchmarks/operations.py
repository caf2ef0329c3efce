"""Operations of a chunk at the published depth, one camera: what a device must launch, and what the host waits for.

python benchmarks/operations.py
"""

import copy

import torch
from operation_counter import OperationCounter
from published_path import published_actions, published_features
from rich.console import Console
from rich.table import Table
from sample_inputs import NUM_STEPS, make_inputs, make_model, make_noise
from zr0_policy.engine.chunk_engine import ChunkEngine
from zr0_policy.engine.chunk_inputs import ChunkInputs
from zr0_policy.model.sizes import NARROW

VOCABULARY = 9_500


def main() -> None:
    """Count."""
    inputs, noise = make_inputs(VOCABULARY, num_cameras=1), make_noise()
    ours_model = make_model(NARROW, VOCABULARY)
    model = copy.deepcopy(ours_model)
    model.vlm.set_attn_implementation("eager")
    engine = ChunkEngine(ours_model, num_steps=NUM_STEPS)
    plan = engine.plan(inputs)
    chunk = ChunkInputs(
        pixel_values=inputs.pixel_values, state=inputs.state, noise=noise, action_mask=inputs.action_mask
    )
    table = Table("path", "part", "operations", "waits of the host")
    with torch.inference_mode():
        with OperationCounter() as counter:
            features = published_features(model, inputs)
        table.add_row("published", "vision-language model", str(counter.counts.total()), str(counter.num_questions))
        with OperationCounter() as counter:
            published_actions(model, inputs, features, noise, NUM_STEPS)
        table.add_row("published", "action expert", str(counter.counts.total()), str(counter.num_questions))
        with OperationCounter() as counter:
            engine.features(plan, inputs.pixel_values)
        features_count = counter.counts.total()
        table.add_row("engine", "vision-language model", str(features_count), str(counter.num_questions))
        with OperationCounter() as counter:
            engine.run(plan, chunk)
        total = counter.counts.total()
        table.add_row("engine", "action expert", str(total - features_count), str(counter.num_questions))
        table.add_row("engine", "chunk", str(total), str(counter.num_questions))
    Console().print(table)
    Console().print("The engine's operations by kind:", dict(counter.counts.most_common()))


if __name__ == "__main__":
    main()
