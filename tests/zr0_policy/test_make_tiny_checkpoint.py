"""The tool that makes the shipped checkpoint, at a size that takes seconds."""

import subprocess
import sys
from pathlib import Path

from zr0_policy.checkpoint.load import load_checkpoint

TOOL = Path(__file__).parents[2] / "tools" / "make_tiny_checkpoint.py"


def make(directory: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, str(TOOL), "--destination", str(directory), *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_untrained_weights_say_so(tmp_path: Path) -> None:
    make(tmp_path / "untrained", "--untrained", "--seed", "5")
    provenance = load_checkpoint(tmp_path / "untrained").facts.provenance
    assert (provenance.is_trained, provenance.seed) == (False, 5)
    assert "Random weights" in provenance.description


def test_fitted_weights_say_how_they_were_fitted(tmp_path: Path) -> None:
    make(tmp_path / "fitted", "--episodes", "2", "--steps", "3", "--loops", "0")
    provenance = load_checkpoint(tmp_path / "fitted").facts.provenance
    assert provenance.is_trained
    assert (provenance.data["task"], provenance.data["episodes"]) == ("pick_place", 2)
    assert provenance.data["frames"] > 20
    assert provenance.training["steps"] == 3
    assert 0.0 < provenance.measured["first_loss"] < 10.0
