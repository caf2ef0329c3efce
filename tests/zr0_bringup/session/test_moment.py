"""Tests of zr0_bringup.session.moment."""

from dataclasses import replace

from zr0_bringup.session.moment import Stage, caption, status_line, status_rows
from zr0_bringup.session.record import SessionRecord

CAMERAS = {"front": "/camera/front/image_raw"}


def test_before_anything_arrives_it_says_so() -> None:
    record = SessionRecord(joint_names=("joint1", "grip"))
    rows = {row.label: row for row in status_rows(record, Stage(text="waiting: sim"), CAMERAS, 1.0)}
    assert rows["session"].text == "waiting: sim"
    assert rows["camera front"].text == "nothing yet on /camera/front/image_raw"
    assert not rows["camera front"].is_good
    assert "waiting: sim" in status_line(record, Stage(text="waiting: sim"), CAMERAS, 1.0)


def test_rates_ages_states_and_counters_are_shown(record: SessionRecord) -> None:
    stage = Stage(text="pick", episode=1, num_episodes=3, instruction="Pick.", start_s=2.0)
    record.meter("/camera/front/image_raw").tick(9.5)
    rows = {row.label: row.text for row in status_rows(record, stage, CAMERAS, 10.0)}
    assert rows["session"] == "episode 1 of 3: pick, 8 s, progress 100 of 100"
    assert rows["joint states"] == "10.0 Hz, 0 ms ago"
    assert rows["camera front"].endswith("500 ms ago")
    assert rows["controller"] == "tracking: chunk"
    assert rows["servo loop"] == "1000 ticks, 0 over 20 ms late, latest 2.0 ms"
    assert rows["chunks"].startswith("10 accepted, 0 refused")
    assert rows["policy"] == "zr0 running , inference 30 ms, chunk 50 ms old on arrival"
    line = status_line(record, stage, CAMERAS, 10.0)
    for words in ("episode 1 of 3", "joints 10 Hz", "age 50 ms", "controller tracking, refused 0", "policy running"):
        assert words in line


def test_a_silent_topic_is_not_good(record: SessionRecord) -> None:
    rows = {row.label: row for row in status_rows(record, Stage(), CAMERAS, 12.0)}
    assert not rows["joint states"].is_good


def test_the_video_tells_whether_the_weights_are_trained(record: SessionRecord) -> None:
    stage = Stage(text="pick", episode=2, num_episodes=3, instruction="Pick.", start_s=2.0)
    assert caption(record, stage, 10.0).title == "episode 2 of 3: Pick."
    assert "untrained" not in caption(record, stage, 10.0).detail
    record.policy[-1] = replace(record.policy[-1], is_trained=False)
    assert "zr0 (untrained) running" in caption(record, stage, 10.0).detail
