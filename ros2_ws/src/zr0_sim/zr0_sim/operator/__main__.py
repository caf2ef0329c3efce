"""Let the scripted policy attempt a task from many seeds, without ROS: `python -m zr0_sim.operator`."""

import argparse
import sys
import time

from rich.console import Console
from rich.table import Table
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_sim.operator.rollout import run_episode
from zr0_sim.operator.scripted_policy import ScriptedPolicy
from zr0_sim.tasks.registry import make_task


def main() -> int:
    """Run the episodes, print a table, and return 0 if all succeeded."""
    parser = argparse.ArgumentParser(prog="python -m zr0_sim.operator", description=__doc__)
    parser.add_argument("--embodiment", default="xarm7_gripper", help="name or YAML file of the robot")
    parser.add_argument("--task", default="pick_place", help="what to attempt")
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds, from 0")
    options = parser.parse_args()
    console = Console()
    try:
        embodiment, task = Embodiment.load(options.embodiment), make_task(options.task)
    except Zr0Error as error:
        console.print(f"[red]{error}[/red]")
        return 1
    table = Table("seed", "instruction", "progress", "success", "simulated s")
    num_successes, simulated, start = 0, 0.0, time.perf_counter()
    for seed in range(options.seeds):
        result = run_episode(ScriptedPolicy(embodiment), embodiment, task, seed)
        num_successes += result.is_success
        simulated += result.duration
        success = "yes" if result.is_success else "no"
        table.add_row(str(seed), result.instruction, f"{result.progress:.0f}", success, f"{result.duration:.1f}")
    elapsed = time.perf_counter() - start
    console.print(table)
    console.print(
        f"{num_successes} of {options.seeds} on {embodiment.name}; "
        f"{simulated:.0f} s simulated in {elapsed:.0f} s, {simulated / elapsed:.0f} times real time"
    )
    return 0 if num_successes == options.seeds else 1


if __name__ == "__main__":
    sys.exit(main())
