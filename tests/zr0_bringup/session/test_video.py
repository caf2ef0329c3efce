"""Tests of zr0_bringup.session.video, frames and video_recorder: read back with an independent call."""

import time
from pathlib import Path

import av
import numpy as np
import pytest
from zr0_bringup.session.frames import Caption, FrameComposer
from zr0_bringup.session.video import VideoWriter
from zr0_bringup.session.video_recorder import RATE, VideoRecorder
from zr0_core.errors import Zr0Error

CAPTION = Caption(title="episode 1 of 1", state="tracking", detail="1.0 s", progress=50.0)


def _read(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_frames_come_back_at_their_times(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "v.mp4", width=64, height=48, rate=10)
    for time_s, value in ((0.0, 20), (0.04, 250), (0.1, 120), (0.5, 220)):
        writer.write(np.full((48, 64, 3), value, np.uint8), time_s)
    assert not (tmp_path / "v.mp4").exists()
    writer.close()
    frames = _read(tmp_path / "v.mp4")
    assert [round(float(frame.mean()) / 10) * 10 for frame in frames] == [20, 120, 220]
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert [round(float(frame.time), 2) for frame in container.decode(video=0)] == [0.0, 0.1, 0.5]


def test_odd_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="63x48 cannot be encoded: both must be even"):
        VideoWriter(tmp_path / "v.mp4", width=63, height=48, rate=10)


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    VideoWriter(tmp_path / "v.mp4", width=64, height=48, rate=10).close()
    assert list(tmp_path.iterdir()) == []


def test_cameras_stand_side_by_side_over_the_strip() -> None:
    composer = FrameComposer(["front", "wrist"], [(640, 480), (224, 224)])
    red = np.full((480, 640, 3), (255, 0, 0), np.uint8)
    blue = np.full((224, 224, 3), (0, 0, 255), np.uint8)
    frame = composer.compose([red, blue], CAPTION)
    assert frame.shape == (384, 426 + 320, 3)
    assert tuple(frame[200, 200]) == (255, 0, 0)
    assert tuple(frame[200, 600]) == (0, 0, 255)
    # The progress bar is half full.
    assert tuple(frame[-1, 10]) == (88, 196, 120)
    assert tuple(frame[-1, -10]) == (50, 54, 62)


def test_a_camera_without_images_is_said_so() -> None:
    composer = FrameComposer(["front"], [(640, 480)])
    silent = composer.compose([None], CAPTION)
    assert len(np.unique(silent[100:300].reshape(-1, 3), axis=0)) == 1
    assert silent[0:30].std() > 0.0


def test_the_recorder_records_until_it_is_closed(tmp_path: Path) -> None:
    composer = FrameComposer(["front"], [(64, 48)])
    seen: list[int] = []

    def images() -> list[np.ndarray | None]:
        seen.append(1)
        return [np.full((48, 64, 3), 200, np.uint8)]

    recorder = VideoRecorder(tmp_path / "v.mp4", composer, images, lambda: CAPTION)
    while len(seen) < RATE // 2:
        time.sleep(0.02)
    recorder.close()
    assert len(_read(tmp_path / "v.mp4")) >= RATE // 2 - 1


def test_what_goes_wrong_while_recording_is_raised_at_the_end(tmp_path: Path) -> None:
    composer = FrameComposer(["front"], [(64, 48)])

    def images() -> list[np.ndarray | None]:
        raise RuntimeError("the camera is gone")

    recorder = VideoRecorder(tmp_path / "v.mp4", composer, images, lambda: CAPTION)
    recorder._thread.join()
    with pytest.raises(RuntimeError, match="the camera is gone"):
        recorder.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / ".v.mp4.part").symlink_to("/dev/full")
    composer = FrameComposer(["front"], [(64, 48)])
    image = np.zeros((48, 64, 3), np.uint8)
    recorder = VideoRecorder(tmp_path / "v.mp4", composer, lambda: [image], lambda: CAPTION)
    time.sleep(3.0 / RATE)
    with pytest.raises(Zr0Error, match=r"could not be written: .*No space left on device.*--no-video"):
        recorder.close()
    assert list(tmp_path.iterdir()) == []
