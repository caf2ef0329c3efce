"""Latency of chunks, from patches in host memory to actions in host memory, new inputs every time.

    python benchmarks/latency.py --dtype float32                             a CPU, small
    python benchmarks/latency.py --size published --device cuda --card h200  the goal

Prints the median, the 99 % quantile and their quotient for every way to run the model, and the share of the card's
limit (`roofline.py`) that the median reaches. The published computation is `published_path.py`, run as it is.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from measuring import machine
from published_path import published_chunk
from rich.console import Console
from rich.progress import track
from rich.table import Table
from roofline import CARDS, chunk_costs, limit_ms
from sample_inputs import HORIZON, NUM_STEPS, make_inputs, make_model, make_noise
from torch import Tensor
from zr0_policy.engine.sampler import Engine, make_sampler
from zr0_policy.model.inputs import ModelInputs
from zr0_policy.model.sizes import MIDDLE, NARROW, PUBLISHED, PUBLISHED_IDS
from zr0_policy.model.zr0 import Zr0Model

SIZES = {"narrow": (NARROW, 9_500), "middle": (MIDDLE, 38_000), "published": (PUBLISHED, PUBLISHED_IDS.vocabulary)}
PUBLISHED_PATH = "published"
Run = Callable[[ModelInputs, Tensor], Tensor]


def main() -> None:
    """Measure."""
    arguments = _arguments()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    size, vocabulary = SIZES[arguments.size]
    dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[arguments.dtype]
    console = Console()
    console.print(machine())
    if device.type == "cuda":
        console.print(torch.cuda.get_device_name(device), torch.version.cuda)
    model = make_model(size, vocabulary).to(device=device, dtype=dtype)
    columns = ("cameras", "path", "first s", "p50 ms", "p99 ms", "p99/p50", "of the limit")
    table = Table(*columns, title=f"{arguments.size} size, {dtype}, {arguments.chunks} chunks each")
    for num_cameras in arguments.cameras:
        batches = [make_inputs(vocabulary, num_cameras, seed=index) for index in range(8)]
        batches = [_same_words(batches[0], batch) for batch in batches]
        for path in arguments.paths:
            run = _runner(path, model, device)
            began = time.perf_counter()
            run(batches[0], make_noise())
            first_s = time.perf_counter() - began
            times = _measure(run, batches, arguments.chunks, f"{num_cameras} cameras, {path}")
            p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
            share = ""
            if arguments.card:
                share = (
                    f"{limit_ms(chunk_costs(size, num_cameras, HORIZON, NUM_STEPS), CARDS[arguments.card]) / p50:.0%}"
                )
            table.add_row(
                str(num_cameras), path, f"{first_s:.1f}", f"{p50:.2f}", f"{p99:.2f}", f"{p99 / p50:.2f}", share
            )
    console.print(table)
    if device.type == "cuda":
        console.print(f"largest device memory {torch.cuda.max_memory_allocated(device) / 2**30:.2f} GiB")


def _runner(path: str, model: Zr0Model, device: torch.device) -> Run:
    if path == PUBLISHED_PATH:
        eager = copy.deepcopy(model)
        if device.type == "cpu":
            eager.vlm.set_attn_implementation("eager")

        def run(inputs: ModelInputs, noise: Tensor) -> Tensor:
            return published_chunk(eager, inputs.to(device), noise.to(device), NUM_STEPS).cpu()

        return run
    sampler = make_sampler(model, NUM_STEPS, Engine(path))
    return lambda inputs, noise: sampler.sample(inputs, noise).cpu()


def _measure(run: Run, batches: list[ModelInputs], num_chunks: int, name: str) -> list[float]:
    times = []
    for index in track(range(num_chunks), description=name, transient=True):
        inputs, noise = batches[index % len(batches)], make_noise(index)
        began = time.perf_counter()
        run(inputs, noise)
        times.append((time.perf_counter() - began) * 1e3)
    return times


def _same_words(first: ModelInputs, other: ModelInputs) -> ModelInputs:
    """Other pictures and states under the first prompt, as in an episode."""
    return ModelInputs(**{**vars(first), "pixel_values": other.pixel_values, "state": other.state})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="narrow", help="size of the model")
    parser.add_argument("--device", default="cpu", help="torch device")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="bfloat16", help="what to compute in")
    parser.add_argument("--card", choices=CARDS, help="whose limit to compare with")
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 3], help="numbers of cameras")
    parser.add_argument("--chunks", type=int, default=100, help="chunks per measurement; 1000 for a record")
    paths = [PUBLISHED_PATH, *(engine.value for engine in Engine if engine is not Engine.AUTO)]
    parser.add_argument(
        "--paths", choices=paths, nargs="+", default=[PUBLISHED_PATH, "fast"], help="ways to run the model"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
