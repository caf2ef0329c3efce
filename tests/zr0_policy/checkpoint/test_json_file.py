import json
from pathlib import Path

import pytest
from zr0_policy.checkpoint.json_file import read_json_mapping, write_json
from zr0_policy.errors import CheckpointError


def test_what_is_written_is_read(tmp_path: Path) -> None:
    data = {"b": [1, 2.5, None], "a": {"text": "é"}}
    write_json(tmp_path / "file.json", data)
    assert read_json_mapping(tmp_path / "file.json") == data
    assert (tmp_path / "file.json").read_text(encoding="utf-8").endswith('"text": "é"\n  }\n}\n')


def test_keys_are_sorted_on_demand(tmp_path: Path) -> None:
    write_json(tmp_path / "file.json", {"b": 1, "a": 2}, sort_keys=True)
    assert list(json.loads((tmp_path / "file.json").read_text())) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "Expecting value"),
        (b"{", "file.json is not readable as JSON: Expecting"),
        (b"[1]", "expected a mapping, got a list"),
        (b"null", "expected a mapping, got a NoneType"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' is given twice"),
        (b'{"outer": {"x": 1, "x": 1}}', "'x' is given twice"),
        (b"\xff\xfe", "codec can't decode"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_bad_content_is_refused(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "file.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=match):
        read_json_mapping(tmp_path / "file.json")


def test_a_missing_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"absent.json is missing"):
        read_json_mapping(tmp_path / "absent.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(CheckpointError, match=r"folder.json is a directory, not a file"):
        read_json_mapping(tmp_path / "folder.json")
