"""Make the tiny checkpoint that ships with zr0_policy: build, demonstrate, fit, measure, save.

    . ros2_ws/install/setup.bash
    OMP_NUM_THREADS=1 python tools/make_tiny_checkpoint.py

The same seed on the same machine with the same rendering backend gives the same files. Takes less than ten minutes on
one core with EGL.
"""

import argparse
import dataclasses
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from tiny_checkpoint import dataset as data
from tiny_checkpoint.closed_loop import run_closed_loop
from tiny_checkpoint.demonstrations import demonstrate
from tiny_checkpoint.fitting import fit_expert
from tiny_checkpoint.table import Table
from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import FeatureStatistics
from zr0_policy.checkpoint.checkpoint import Checkpoint, ServingFacts
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.checkpoint.save import save_checkpoint
from zr0_policy.checkpoint.tiny import tiny_model, tiny_tokenizer
from zr0_policy.policies.zr0 import Zr0Policy
from zr0_policy.preprocessing.image import Resizer
from zr0_policy.preprocessing.prompt import task_text
from zr0_policy.preprocessing.tokens import Tokens
from zr0_sim.tasks.registry import make_task
from zr0_sim.world.probe import choose_backend

DESTINATION = Path(__file__).parents[1] / "ros2_ws/src/zr0_policy/checkpoints/zr0_tiny_xarm7"
TASK = "pick_place"
UNTRAINED = "Random weights of unit scale, for tests of the chain. Its actions mean nothing."


def main() -> None:
    """Make the checkpoint."""
    arguments = parse_arguments()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    began = time.monotonic()
    embodiment = Embodiment.load("xarm7_gripper")
    task = make_task(TASK)
    instructions = sorted({task.set_up(seed).instruction for seed in range(20)})
    keys = [camera.key for camera in embodiment.cameras]
    tokenizer = tiny_tokenizer([*keys, *(task_text(instruction) for instruction in instructions)] * 4)
    tokens = Tokens.from_tokenizer(tokenizer, "the tiny tokenizer")
    model = tiny_model(tokens, embodiment, arguments.seed)
    facts = ServingFacts(
        embodiment=embodiment,
        statistics=placeholder_statistics(embodiment),
        options=Zr0Options(resizer=Resizer.TORCH),
        provenance=Provenance(is_trained=False, description=UNTRAINED, seed=arguments.seed),
    )
    checkpoint = Checkpoint(model=model, tokens=tokens, facts=facts)
    if arguments.untrained:
        save_checkpoint(checkpoint, arguments.destination, dtype=torch.bfloat16, overwrite=True)
        return

    # The expert is fitted to the features of the weights that will be stored.
    for parameter in model.vlm.parameters():
        parameter.data.copy_(parameter.data.to(torch.bfloat16))
    backend = choose_backend("auto")
    table = Table(embodiment, task, backend)
    dataset = demonstrations(checkpoint, table, arguments)
    facts = dataclasses.replace(facts, statistics=data.measure(embodiment, dataset.states, dataset.actions))
    checkpoint = dataclasses.replace(checkpoint, facts=facts)
    print(f"{len(dataset)} frames, {time.monotonic() - began:.0f} s", flush=True)
    fit = fit_expert(
        model,
        checkpoint.transforms(),
        dataset,
        num_steps=arguments.steps,
        num_held_out=max(1, arguments.episodes // 20),
        seed=arguments.seed,
        report=lambda line: print(line, flush=True),
    )
    print(fit, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(checkpoint, Path(folder) / "measured", dtype=torch.bfloat16)
        loops = measure(Path(folder) / "measured", embodiment, table, arguments.loops)
    provenance = Provenance(
        is_trained=True,
        description=(
            "A model of demonstration size. Only the action expert was fitted, for minutes on one core, to scripted "
            "demonstrations of one simulated task, mimed above the table without touching anything; the "
            "vision-language model is random and frozen. It shows the loop running smoothly; it does not solve the "
            "task."
        ),
        seed=arguments.seed,
        code_version="0.1.0",
        data={
            "task": TASK,
            "operator": "zr0_sim ScriptedPolicy, miming above the table, with disturbances",
            "renderer": str(backend),
            "episodes": arguments.episodes,
            "frames": len(dataset),
            "first_seed": arguments.seed,
        },
        training={"fitted": "action expert", "frozen": "vision-language model", "steps": arguments.steps},
        measured={**dataclasses.asdict(fit), "closed_loop": loops},
    )
    checkpoint = dataclasses.replace(checkpoint, facts=dataclasses.replace(facts, provenance=provenance))
    save_checkpoint(checkpoint, arguments.destination, dtype=torch.bfloat16, overwrite=True)
    print(json.dumps(provenance.to_mapping(), indent=2))


def demonstrations(checkpoint: Checkpoint, table: Table, arguments: argparse.Namespace) -> data.Dataset:
    """Record and encode the demonstrations, or take them from the cache file."""
    if arguments.cache is not None and arguments.cache.exists():
        return data.load(arguments.cache)
    began = time.monotonic()
    encoder, embodiment = checkpoint.transforms(), checkpoint.facts.embodiment
    parts = []
    for episode in range(arguments.episodes):
        parts.append(data.encode(checkpoint.model, encoder, demonstrate(embodiment, table, arguments.seed + episode)))
        if episode % 10 == 9:
            print(f"{episode + 1} episodes, {time.monotonic() - began:.0f} s", flush=True)
    dataset = data.join(parts)
    if arguments.cache is not None:
        data.save(arguments.cache, dataset)
    return dataset


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make the tiny checkpoint that ships with zr0_policy.")
    parser.add_argument("--destination", type=Path, default=DESTINATION, help="directory to write")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, demonstrations and fitting")
    parser.add_argument("--episodes", type=int, default=60, help="demonstrations")
    parser.add_argument("--steps", type=int, default=2000, help="optimiser steps")
    parser.add_argument("--loops", type=int, default=4, help="minutes of closed loop to measure")
    parser.add_argument("--cache", type=Path, help="file to keep the encoded demonstrations in between runs")
    parser.add_argument("--untrained", action="store_true", help="stop before fitting and say so in the provenance")
    return parser.parse_args()


def placeholder_statistics(embodiment: Embodiment) -> dict[str, FeatureStatistics]:
    """Return ranges around the home position, for a model that was not fitted."""
    middle = np.append(embodiment.home, (embodiment.gripper.open + embodiment.gripper.closed) / 2)
    low, high = tuple((middle - 0.3).tolist()), tuple((middle + 0.3).tolist())
    return {
        key: FeatureStatistics(names=names, minimum=low, maximum=high, q01=low, q99=high)
        for key, names in (
            (embodiment.state.key, embodiment.state.names),
            (embodiment.action.key, embodiment.action.names),
        )
    }


def measure(directory: Path, embodiment: Embodiment, table: Table, num_loops: int) -> list[dict[str, object]]:
    """Run the saved checkpoint for minutes of closed loop on set-ups that were not demonstrated."""
    results: list[dict[str, object]] = []
    for number in range(num_loops):
        policy = Zr0Policy(load_checkpoint(directory), seed=number)
        result = run_closed_loop(policy, embodiment, table, seed=100_000 + number, duration_s=60.0)
        results.append(dataclasses.asdict(result))
        print(result, flush=True)
    return results


if __name__ == "__main__":
    main()
