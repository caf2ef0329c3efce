"""`zr0 sim` as a person runs it, and what it leaves behind."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LONGEST_S = 240.0


@dataclass(frozen=True)
class Session:
    """A finished run of the command."""

    code: int
    text: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return content

    def video(self) -> list[np.ndarray]:
        with av.open(str(self.folder / "cameras.mp4")) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def start(folder: Path, environment: dict[str, str], address: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable, "-m", "zr0_bringup.main", "sim",
            "--robot-ip", address, "--output", str(folder / "runs"), *arguments,
        ],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def finish(folder: Path, process: "subprocess.Popen[str]") -> Session:
    text, _ = process.communicate(timeout=LONGEST_S)
    (run,) = (folder / "runs").iterdir()
    return Session(process.returncode, text, run)


def test_the_scripted_policy_does_the_task_and_leaves_what_a_stranger_can_judge(
    tmp_path: Path, ros_env: dict[str, str], box_address: str
) -> None:
    arguments = ("--policy", "scripted", "--task", "pick_place", "--episodes", "2", "--duration", "45", "--seed", "3")
    session = finish(tmp_path, start(tmp_path, ros_env, box_address, *arguments))
    report = session.report
    assert [episode["seed"] for episode in report["episodes"]] == [3, 4], session.text
    assert report["num_successes"] >= 1, session.text
    assert (session.code == 0) is report["is_ok"]
    assert report["chunks"]["accepted"] >= 20
    assert report["policy"] == {"name": "scripted", "is_trained": True}
    assert report["arguments"]["task"] == "pick_place"
    for topic in ("/camera/front/image_raw", "/camera/wrist/image_raw", "/joint_states", "/zr0/action_chunk"):
        assert report["topics"][topic]["count"] > 0
    for name, limit in (("velocity_rad_s", 3.15), ("acceleration_rad_s2", 20.0), ("jerk_rad_s3", 501.0)):
        assert 0.0 < report["command_maxima"][name] <= limit
    frames = session.video()
    assert len(frames) > 50
    height, width, _ = frames[0].shape
    for half in (slice(0, width // 2), slice(width // 2, width)):
        picture = frames[-1][: height * 3 // 4, half]
        assert picture.std() > 10.0, "a camera's half of the video shows nothing"
        assert np.abs(frames[-1][:, half].astype(int) - frames[0][:, half]).max() > 50, "nothing moves"
    assert cv2.imread(str(session.folder / "timeline.png")) is not None
    assert {path.stem for path in (session.folder / "logs").glob("*.log")} == {
        "sim", "arm_controller", "policy", "lifecycle_manager",
    }  # fmt: skip
    for words in ("ready after", "episode", "chunks", "servo loop", "timeline.png", "report.json", "cameras.mp4"):
        assert words in session.text


def test_the_model_runs_in_closed_loop(tmp_path: Path, ros_env: dict[str, str], box_address: str) -> None:
    session = finish(tmp_path, start(tmp_path, ros_env, box_address, "--duration", "8", "--no-video"))
    report = session.report
    assert report["policy"]["name"] == "zr0", session.text
    assert report["chunks"]["accepted"] >= 3, session.text
    assert report["chunks"]["inference_time"]["median_s"] > 0.0
    assert not (session.folder / "cameras.mp4").exists()
    assert (session.code == 0) is report["is_ok"]


def test_a_node_that_dies_ends_the_session_with_its_name(
    tmp_path: Path, ros_env: dict[str, str], box_address: str
) -> None:
    process = start(tmp_path, ros_env, box_address, "--policy", "hold", "--duration", "120", "--no-video")
    try:
        deadline = time.monotonic() + LONGEST_S / 2.0
        logs = tmp_path / "runs"
        while not any("active:" in path.read_text() for path in logs.rglob("lifecycle_manager.log")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (policy,) = [
            child
            for child in psutil.Process(process.pid).children()
            if re.search(r"__node:=policy\b", " ".join(child.cmdline()))
        ]
        policy.kill()
        session = finish(tmp_path, process)
    finally:
        process.kill()
    assert session.code == 1
    assert not session.report["is_ok"]
    assert "node policy was ended by SIGKILL" in session.report["failures"][0]
    assert "node policy was ended by SIGKILL" in session.text


def test_a_task_that_does_not_exist_is_told_with_those_that_do(
    tmp_path: Path, ros_env: dict[str, str], box_address: str
) -> None:
    session = finish(tmp_path, start(tmp_path, ros_env, box_address, "--policy", "hold", "--task", "pick_plaice"))
    assert session.code == 1
    assert re.search(r"pick_plaice.*expected one of.*pick_place", session.text, re.DOTALL), session.text
