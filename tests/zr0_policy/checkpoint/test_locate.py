from pathlib import Path

import pytest
from zr0_policy.checkpoint.locate import locate
from zr0_policy.errors import CheckpointError


def test_shipped_checkpoints_are_found_by_name() -> None:
    assert (locate("zr0_tiny_xarm7") / "config.json").is_file()


def test_installed_ones_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "share" / "zr0_policy" / "checkpoints" / "zr0_tiny_xarm7"
    installed.mkdir(parents=True)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    assert locate("zr0_tiny_xarm7") == installed


def test_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    assert locate(str(tmp_path)) == tmp_path


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("", "no checkpoint given"),
        ("zr0_tiny_xarm6", "neither a directory nor one of the shipped: .*did you mean 'zr0_tiny_xarm7'"),
        ("no/such/path", "no checkpoint 'no/such/path'"),
    ],
)
def test_what_is_not_there_is_refused(name: str, match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        locate(name)
