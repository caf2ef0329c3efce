"""Tests of zr0_bringup.session.report."""

import json
from pathlib import Path

from zr0_bringup.session.judgement import judge
from zr0_bringup.session.record import SessionRecord
from zr0_bringup.session.report import RunContext, make_report, write_report
from zr0_core.embodiment import MotionLimits

LIMITS = MotionLimits(velocity=3.0, acceleration=20.0, jerk=500.0)
CONTEXT = RunContext(arguments={"task": "pick_place"}, embodiment="xarm7 abc", ros_distribution="jazzy")


def test_the_report_comes_back_from_its_file(record: SessionRecord, tmp_path: Path) -> None:
    report = make_report(record, judge(record, LIMITS, is_success_expected=True), CONTEXT)
    write_report(tmp_path / "report.json", report)
    read = json.loads((tmp_path / "report.json").read_text())
    assert read == report
    assert read["is_ok"] is True
    assert read["num_successes"] == 1
    assert read["chunks"]["accepted"] == 10
    assert read["command_maxima"]["jerk_rad_s3"] == 120.0
    assert read["topics"]["/joint_states"] == {"count": 101, "mean_rate_hz": 10.0, "longest_gap_s": 0.1}
    assert read["versions"]["xarm-python-sdk"] == "1.18.4"
    assert read["machine"]["num_cpus"] >= 1
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_report_replaces_the_old_one_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    before = path.stat().st_ino
    write_report(path, {"is_ok": True})
    assert path.stat().st_ino != before
    assert json.loads(path.read_text()) == {"is_ok": True}
