"""The memory benchmark, at a size that takes seconds."""

import re
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[3] / "benchmarks" / "checkpoint_memory.py"


def test_the_benchmark_runs_and_cleans_up(tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), "--scale", "tiny", "--repeat", "1", "--directory", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"checkpoint 0.00\d GB on disk; weights and buffers on a device 0.00\d GB", done.stdout)
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.startswith(("ours", "transf"))}
    assert set(rows) == {"ours", "transformers"}
    assert len(rows["ours"]) == 11
    assert list(tmp_path.iterdir()) == []
