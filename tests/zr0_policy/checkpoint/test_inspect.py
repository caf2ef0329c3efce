import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.inspect import main
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.locate import locate

Copy = Callable[[Path], Path]


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_command_shows_a_shipped_checkpoint() -> None:
    command = [sys.executable, "-m", "zr0_policy.checkpoint.inspect", "zr0_tiny_xarm7", "--robot", "xarm7_gripper"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = words(done.stdout)
    model = load_checkpoint(locate("zr0_tiny_xarm7")).model
    sizes = [sum(parameter.numel() for parameter in part.parameters()) for part in (model.vlm, model.expert)]
    for name, size in zip(("vision-language model", "action expert"), sizes, strict=True):
        assert f"{name} {size:,} parameters, {2 * size / 1e6:.2f} MB as bfloat16, 1 file" in shown
    assert f"on a device {2 * sum(sizes) / 1e6:.2f} MB as bfloat16" in shown
    assert shown.endswith("can be served")


def test_a_saved_checkpoint_is_shown_in_full(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(saved)]) == 0
    shown = words(capsys.readouterr().out)
    for line in (
        "layout transformers 4.57 form, written by 5.",
        "embodiment xarm7_gripper version 2, ",
        "camera observation.images.wrist, 640x480, /camera/wrist/image_raw",
        "action joint_position: joint1, joint2",
        "chunk 16 rows of 0.1 s",
        'options {"feature_norm": "pre"',
        "provenance untrained: Random weights of a test.",
        "missing nothing",
        "action drive_joint 0.0000 0.0000 0.8000 0.8000",
    ):
        assert line in shown, line


def test_square_brackets_in_a_text_are_no_markup(saved: Path, copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    directory = copy(saved)
    (directory / layout.PROVENANCE).write_text('{"is_trained": false, "description": "[bold]see [red]4[/red]"}')
    assert main([str(directory)]) == 0
    assert "[bold]see [red]4[/red]" in capsys.readouterr().out


def test_reasons_are_given_with_exit_code_one(saved: Path, copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    directory = copy(saved)
    (directory / layout.EXPERT_WEIGHTS).write_bytes(b"")
    assert main([str(directory), "--robot", "xarm6_gripper"]) == 1
    shown = words(capsys.readouterr().out)
    assert "action expert unreadable" in shown
    assert "cannot be served: " in shown
    assert "action_expert.safetensors is truncated: it has only 0 bytes" in shown
    assert "is not for embodiment xarm6_gripper: name: got 'xarm7_gripper', expected 'xarm6_gripper'" in shown
    assert not shown.endswith("can be served")


def test_facts_may_be_given(saved: Path, copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    directory = copy(saved)
    (directory / layout.PROVENANCE).unlink()
    assert main([str(directory)]) == 1
    assert "missing provenance.json" in words(capsys.readouterr().out)
    assert main([str(directory), "--facts", str(saved)]) == 0


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["no_such_checkpoint"], "cannot be served: no checkpoint 'no_such_checkpoint'"),
        (["zr0_tiny_xarm7", "--robot", "xarm9"], "cannot be served: no embodiment named 'xarm9'"),
    ],
)
def test_wrong_names_are_told(arguments: list[str], match: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    assert match in words(capsys.readouterr().out)
