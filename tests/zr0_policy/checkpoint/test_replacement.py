import logging
import os
from pathlib import Path

import pytest
from zr0_policy.checkpoint.replacement import replaced_directory
from zr0_policy.errors import CheckpointError

CONFIG = "action_expert_config.json"


def make(directory: Path, text: str) -> None:
    directory.mkdir()
    (directory / CONFIG).write_text(text)


def fill(directory: Path, *, overwrite: bool = False) -> None:
    with replaced_directory(directory, overwrite=overwrite) as beside:
        (beside / CONFIG).write_text("new")


def test_a_directory_appears_complete_and_alone(tmp_path: Path) -> None:
    with replaced_directory(tmp_path / "runs" / "mine", overwrite=False) as beside:
        (beside / CONFIG).write_text("new")
        assert not (tmp_path / "runs" / "mine").exists()
        assert beside.parent == tmp_path / "runs"
    assert (tmp_path / "runs" / "mine" / CONFIG).read_text() == "new"
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["mine"]
    assert (tmp_path / "runs" / "mine").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "runs" / "mine" / CONFIG).stat().st_mode & 0o777 == 0o644


def test_everything_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[str, bool]] = []
    flush = os.fsync

    def record(descriptor: int) -> None:
        flushed.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, (tmp_path / "mine").exists()))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    with replaced_directory(tmp_path / "mine", overwrite=False) as beside:
        (beside / "a").write_text("1")
        (beside / "b").write_text("2")
        name = beside.name
    assert flushed == [("a", False), ("b", False), (name, False), (tmp_path.name, True)]


def test_a_checkpoint_is_replaced_when_asked(tmp_path: Path) -> None:
    make(tmp_path / "mine", "old")
    (tmp_path / "mine" / "leftover").write_text("old")
    with pytest.raises(CheckpointError, match="mine exists; choose another name or allow overwriting"):
        fill(tmp_path / "mine")
    fill(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / CONFIG).read_text() == "new"
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [CONFIG]
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_directory_is_replaced_when_asked(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    fill(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / CONFIG).read_text() == "new"


def test_what_is_no_checkpoint_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1").write_text("years of work")
    (tmp_path / "file").write_text("")
    for name in ("thesis", "file"):
        with pytest.raises(CheckpointError, match=f"{name} exists and is not a checkpoint; it is not replaced"):
            fill(tmp_path / name, overwrite=True)
    assert (tmp_path / "thesis" / "chapter1").read_text() == "years of work"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "thesis"]


def fail(directory: Path) -> None:
    with replaced_directory(directory, overwrite=True) as beside:
        (beside / CONFIG).write_text("new")
        raise KeyError("half way")


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    make(tmp_path / "mine", "old")
    with pytest.raises(KeyError, match="half way"):
        fail(tmp_path / "mine")
    assert (tmp_path / "mine" / CONFIG).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_failure_of_the_last_rename_brings_the_old_one_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "mine", "old")
    rename = Path.rename

    def refuse_new_ones(path: Path, target: Path) -> Path:
        if path.name.endswith(".part"):
            raise OSError("the disk is gone")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_new_ones)
    with pytest.raises(OSError, match="the disk is gone"):
        fill(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / CONFIG).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_target_of_a_link_is_replaced(tmp_path: Path) -> None:
    make(tmp_path / "step-2", "old")
    (tmp_path / "latest").symlink_to("step-2")
    fill(tmp_path / "latest", overwrite=True)
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "step-2" / CONFIG).read_text() == "new"


def test_what_a_killed_save_left_is_told_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    left = tmp_path / ".mine.abc.part"
    left.mkdir()
    with caplog.at_level(logging.WARNING):
        fill(tmp_path / "mine")
    assert f"{left} was left by a save that was cut off" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mine.abc.part", "mine"]
