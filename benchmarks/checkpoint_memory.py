"""How much host memory loading a checkpoint takes, and how long: ours beside transformers, in processes of their own.

    python benchmarks/checkpoint_memory.py                # full size: 5.4 GB on disk, 8 GB of memory, a minute or two
    python benchmarks/checkpoint_memory.py --scale tiny

Makes a checkpoint with random weights in a temporary directory, loads it, and removes it. "Peak" and "final" are
resident memory of the loading process, imports included. transformers maps files, so that its weights arrive only when
they are used; both are therefore measured after every page of the weights was touched. The limit is reading the same
files into one small buffer.
"""

import argparse
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import torch
import transformers
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import Qwen3VLForConditionalGeneration
from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import FeatureStatistics
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint, ServingFacts
from zr0_policy.checkpoint.disk_space import require_space
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.checkpoint.save import OTHER_BYTES, save_checkpoint
from zr0_policy.checkpoint.tiny import special_ids, tiny_tokenizer
from zr0_policy.checkpoint.vlm_skeleton import build_vlm, put_weights, tied_names
from zr0_policy.model.action_expert import ActionExpert
from zr0_policy.model.sizes import PUBLISHED, PUBLISHED_IDS, TINY, expert_config, vlm_config
from zr0_policy.model.zr0 import Zr0Model
from zr0_policy.preprocessing.tokens import Tokens

GOAL = 1.3
"""Most resident memory while loading, as a multiple of the checkpoint's size on disk."""
MEMORY_FACTOR = 1.6
"""Free memory that is asked for, as a multiple of the same."""
RANDOM_VALUES = 2**20
READ_BYTES = 16 * 2**20


def main() -> int:
    """Make, load and measure; return 1 if our peak is above the goal."""
    arguments = parse_arguments()
    if arguments.load is not None:
        print(json.dumps(measure(arguments.load, arguments.loader)))
        return 0
    console = Console(width=None if Console().is_terminal else 140)
    console.print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs, "
        f"{psutil.virtual_memory().total / 1e9:.0f} GB; Python {platform.python_version()}, torch {torch.__version__}, "
        f"transformers {transformers.__version__}"
    )
    with tempfile.TemporaryDirectory(prefix="zr0_checkpoint_", dir=arguments.directory) as folder:
        directory = Path(folder) / "checkpoint"
        checkpoint = random_checkpoint(is_full=arguments.scale == "full")
        num_bytes = placed_bytes(checkpoint.model)
        require_space(Path(folder), num_bytes + 2 * OTHER_BYTES)
        require_memory(num_bytes)
        save(console, checkpoint, directory)
        del checkpoint
        size = sum(path.stat().st_size for path in directory.iterdir())
        limit = min(read_seconds(directory) for _ in range(arguments.repeat))
        results = {name: [child(directory, name) for _ in range(arguments.repeat)] for name in LOADERS}
    console.print(f"checkpoint {size / 1e9:.3f} GB on disk; weights and buffers on a device {num_bytes / 1e9:.3f} GB")
    print_results(console, results, size, limit)
    is_good = arguments.scale == "tiny" or max(run["peak"] for run in results["ours"]) <= GOAL * size
    return 0 if is_good else 1


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=("full", "tiny"), default="full", help="size of the model")
    parser.add_argument("--repeat", type=int, default=3, help="how often to load")
    parser.add_argument("--directory", type=Path, help="where the temporary directory goes")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--loader", choices=tuple(LOADERS), help=argparse.SUPPRESS)
    return parser.parse_args()


def random_checkpoint(*, is_full: bool) -> Checkpoint:
    """Build a checkpoint whose weights are views of one block of random numbers, so that it takes little memory."""
    embodiment = Embodiment.load("xarm7_gripper")
    tokens = Tokens.from_tokenizer(tiny_tokenizer(["put the cube into the bin"]), "the benchmark's tokenizer")
    size = PUBLISHED if is_full else TINY
    ids = special_ids(tokens)
    if is_full:
        ids = dataclasses.replace(ids, vocabulary=PUBLISHED_IDS.vocabulary)
    vlm = build_vlm(vlm_config(size, ids), "the benchmark")
    with torch.device("meta"):
        expert = ActionExpert(expert_config(size, embodiment.action.horizon))
    needed = {name: tensor for name, tensor in vlm.state_dict().items() if name not in tied_names(vlm)}
    largest = max(tensor.numel() for tensor in (*needed.values(), *expert.state_dict().values()))
    few = torch.randn(RANDOM_VALUES, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    block = few.repeat(-(-largest // RANDOM_VALUES))
    views = {name: block[: tensor.numel()].view(tensor.shape) for name, tensor in needed.items()}
    put_weights(vlm, views, torch.device("cpu"), torch.bfloat16)
    views = {name: block[: tensor.numel()].view(tensor.shape) for name, tensor in expert.state_dict().items()}
    expert.load_state_dict(views, assign=True)
    ranges = ((-1.0,) * len(embodiment.action.names), (1.0,) * len(embodiment.action.names))
    facts = ServingFacts(
        embodiment=embodiment,
        statistics={
            vector.key: FeatureStatistics(
                names=vector.names, minimum=ranges[0], maximum=ranges[1], q01=ranges[0], q99=ranges[1]
            )
            for vector in (embodiment.state, embodiment.action)
        },
        options=Zr0Options(),
        provenance=Provenance(is_trained=False, description="Random weights of a benchmark."),
    )
    return Checkpoint(model=Zr0Model(vlm, expert), tokens=tokens, facts=facts)


def placed_bytes(model: nn.Module) -> int:
    """Return the bytes of all parameters and buffers, which is what a device would hold."""
    return sum(tensor.nbytes for tensor in (*model.parameters(), *model.buffers()))


def require_memory(num_bytes: int) -> None:
    """Stop unless there is room for loading."""
    free = psutil.virtual_memory().available
    if free < MEMORY_FACTOR * num_bytes:
        raise SystemExit(f"{free / 1e9:.1f} GB of memory are free, {MEMORY_FACTOR * num_bytes / 1e9:.1f} are needed")


def save(console: Console, checkpoint: Checkpoint, directory: Path) -> None:
    """Save the checkpoint under a progress bar and print how it went."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # forgets the peak
    before, began = resident("VmHWM"), time.perf_counter()
    columns = (TextColumn("saving"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("saving")
        save_checkpoint(
            checkpoint, directory, progress=lambda done, total: progress.update(task, completed=done, total=total)
        )
    seconds, num_bytes = time.perf_counter() - began, placed_bytes(checkpoint.model)
    console.print(
        f"saved in {seconds:.1f} s ({num_bytes / seconds / 1e9:.2f} GB/s, flushed to disk); "
        f"the peak of resident memory rose by {(resident('VmHWM') - before) / 1e6:.0f} MB"
    )


def read_seconds(directory: Path) -> float:
    """Return how long reading the weights into one small buffer takes."""
    buffer = bytearray(READ_BYTES)
    began = time.perf_counter()
    for path in sorted(directory.glob("*.safetensors")):
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    return time.perf_counter() - began


def child(directory: Path, loader: str) -> dict[str, float]:
    """Load in a fresh process."""
    command = [sys.executable, __file__, "--load", str(directory), "--loader", loader]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def load_ours(directory: Path) -> list[Tensor]:
    """Load as the policy does."""
    return list(load_checkpoint(directory, device="cpu", dtype=torch.bfloat16).model.parameters())


def load_with_transformers(directory: Path) -> list[Tensor]:
    """Load with the libraries' own functions."""
    transformers.utils.logging.disable_progress_bar()
    vlm = Qwen3VLForConditionalGeneration.from_pretrained(str(directory), dtype=torch.bfloat16)
    expert = load_file(directory / layout.EXPERT_WEIGHTS)
    return [*vlm.parameters(), *expert.values()]


LOADERS: dict[str, Callable[[Path], list[Tensor]]] = {"ours": load_ours, "transformers": load_with_transformers}


def measure(directory: Path, loader: str) -> dict[str, float]:
    """Load once and return seconds and resident bytes."""
    torch.set_num_threads(1)
    before, began, cpu_began = resident("VmRSS"), time.perf_counter(), time.process_time()
    tensors = LOADERS[loader](directory)
    returned = time.perf_counter()
    for tensor in tensors:
        tensor.detach().view(-1)[:: 4096 // tensor.element_size()].sum()
    return {
        "before": before,
        "peak": resident("VmHWM"),
        "final": resident("VmRSS"),
        "returned": returned - began,
        "usable": time.perf_counter() - began,
        "cpu": time.process_time() - cpu_began,
    }


def resident(field: str) -> int:
    """Return a field of `/proc/self/status`, bytes: VmRSS now, VmHWM at its peak."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}; this benchmark needs Linux")


def print_results(console: Console, results: dict[str, list[dict[str, float]]], size: int, limit: float) -> None:
    """Print one line per loader: the median of the times, the worst of the memory."""
    columns = "loader|before, GB|peak, GB|peak / size|final, GB|returned, s|usable, s|slowest, s|CPU, s|GB/s|of limit"
    table = Table(*columns.split("|"), box=None, padding=(0, 2, 0, 0))
    for name, runs in results.items():
        usable = statistics.median(run["usable"] for run in runs)
        peak = max(run["peak"] for run in runs)
        table.add_row(
            name,
            f"{runs[0]['before'] / 1e9:.2f}",
            f"{peak / 1e9:.2f}",
            f"{peak / size:.2f}",
            f"{max(run['final'] for run in runs) / 1e9:.2f}",
            f"{statistics.median(run['returned'] for run in runs):.2f}",
            f"{usable:.2f}",
            f"{max(run['usable'] for run in runs):.2f}",
            f"{statistics.median(run['cpu'] for run in runs):.2f}",
            f"{size / usable / 1e9:.2f}",
            f"{limit / usable:.0%}",
        )
    console.print(table)
    console.print(f"limit: the same files read in {limit:.2f} s, {size / limit / 1e9:.2f} GB/s")
    console.print(f"goal: peak / size at most {GOAL}")


if __name__ == "__main__":
    sys.exit(main())
