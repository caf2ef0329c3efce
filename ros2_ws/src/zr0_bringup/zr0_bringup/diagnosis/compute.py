"""Torch and its devices."""

import subprocess
import sys

from zr0_bringup.diagnosis.finding import Finding

# In a process of its own: importing torch takes a second, and this package does without it.
QUESTION = """
import torch
names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
device = f"cuda: {', '.join(names)}" if names else f"cpu, {torch.get_num_threads()} threads; no CUDA device"
print(f"{torch.__version__}, {device}")
"""


def check_torch() -> Finding:
    """Look at torch and what it can compute on."""
    answer = subprocess.run([sys.executable, "-c", QUESTION], capture_output=True, text=True, check=False)
    is_ok = answer.returncode == 0
    lines = (answer.stdout if is_ok else answer.stderr).strip().splitlines()
    return Finding(
        name="Torch",
        is_ok=is_ok,
        is_required=True,
        found=lines[-1] if lines else "no answer",
        advice="./zr0 setup installs it; if it is there and fails, remove .venv and run ./zr0 setup",
    )
