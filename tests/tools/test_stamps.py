"""Tests of zr0_setup.stamps."""

from pathlib import Path

import pytest
from zr0_setup.stamps import hash_contents, hash_workspace, read_stamp, write_stamp


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    package = tmp_path / "src" / "robot"
    (package / "robot").mkdir(parents=True)
    (package / "config").mkdir()
    (package / "msg").mkdir()
    (package / "setup.py").write_text("setup()")
    (package / "package.xml").write_text("<package/>")
    (package / "robot" / "arm.py").write_text("a = 1")
    (package / "config" / "arm.yaml").write_text("a: 1")
    (package / "msg" / "Arm.msg").write_text("int32 a")
    return tmp_path / "src"


@pytest.mark.parametrize("name", ["robot/setup.py", "robot/package.xml", "robot/msg/Arm.msg"])
def test_content_that_a_build_depends_on_changes_the_hash(sources: Path, name: str) -> None:
    before = hash_workspace(sources)
    (sources / name).write_text("changed")
    assert hash_workspace(sources) != before


@pytest.mark.parametrize("name", ["robot/robot/arm.py", "robot/config/arm.yaml"])
def test_content_that_the_build_links_to_does_not(sources: Path, name: str) -> None:
    before = hash_workspace(sources)
    (sources / name).write_text("changed")
    assert hash_workspace(sources) == before


def test_a_new_data_file_changes_the_hash_but_not_a_new_module_or_page(sources: Path) -> None:
    before = hash_workspace(sources)
    (sources / "robot" / "robot" / "leg.py").write_text("")
    (sources / "robot" / "README.md").write_text("")
    (sources / "robot" / "robot" / "__pycache__").mkdir()
    (sources / "robot" / "robot" / "__pycache__" / "arm.pyc").write_text("")
    assert hash_workspace(sources) == before
    (sources / "robot" / "config" / "leg.yaml").write_text("")
    assert hash_workspace(sources) != before


def test_another_environment_changes_the_hash(sources: Path) -> None:
    assert hash_workspace(sources, "one") != hash_workspace(sources, "two")


def test_contents_are_told_apart_by_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("xy")
    (tmp_path / "b").write_text("")
    first = hash_contents([tmp_path / "a", tmp_path / "b"])
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("y")
    assert hash_contents([tmp_path / "a", tmp_path / "b"]) != first


def test_a_stamp_comes_back(tmp_path: Path) -> None:
    write_stamp(tmp_path / "new" / "stamp.json", {"hash": "abc"})
    assert read_stamp(tmp_path / "new" / "stamp.json") == {"hash": "abc"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["stamp.json"]


@pytest.mark.parametrize("content", ["", '{"hash": "ab', "[]"])
def test_a_damaged_stamp_counts_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "stamp.json").write_text(content)
    assert read_stamp(tmp_path / "stamp.json") == {}
    assert read_stamp(tmp_path / "absent.json") == {}
