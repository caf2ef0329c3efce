"""Tests of zr0_bringup.session.timeline: the picture is drawn from what was recorded."""

from pathlib import Path

import cv2
import pytest
from zr0_bringup.session.record import SessionRecord
from zr0_bringup.session.timeline import draw_timeline


@pytest.mark.filterwarnings("error")
def test_a_picture_is_written_whole(record: SessionRecord, tmp_path: Path) -> None:
    draw_timeline(record, "a session", tmp_path / "timeline.png")
    assert [path.name for path in tmp_path.iterdir()] == ["timeline.png"]
    picture = cv2.imread(str(tmp_path / "timeline.png"))
    assert picture is not None
    height, width, _ = picture.shape
    assert width >= 1200
    assert height >= 900
    # Something dark is drawn in every sixth of the height.
    for row in range(6):
        assert picture[row * height // 6 : (row + 1) * height // 6].min() < 100


@pytest.mark.filterwarnings("error")
def test_a_session_that_never_got_ready_still_gives_a_picture(tmp_path: Path) -> None:
    draw_timeline(SessionRecord(joint_names=("joint1", "grip")), "nothing", tmp_path / "timeline.png")
    assert (tmp_path / "timeline.png").stat().st_size > 0
