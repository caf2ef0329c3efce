"""Statistics files are read strictly; a dataset's own file is read with names given."""

import json
import re
from pathlib import Path

import pytest
from zr0_core.errors import NormalisationError
from zr0_core.feature_statistics import FeatureStatistics, load_statistics, save_statistics

STATE = FeatureStatistics(names=("a", "b"), minimum=(0.0, -1.5), maximum=(1.0, 2.0), q01=(0.1, -1.0), q99=(0.9, 1.9))
ACTION = FeatureStatistics(names=("g",), minimum=(0.0,), maximum=(0.85,))
ENTRY = {"names": ["a"], "min": [0], "max": [1], "q01": [0.1], "q99": [0.9]}


def written(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_saving_and_loading_returns_equal_statistics(tmp_path: Path) -> None:
    statistics = {"observation.state": STATE, "action": ACTION}
    save_statistics(tmp_path / "normalization.json", statistics)
    assert load_statistics(tmp_path / "normalization.json") == statistics


def test_a_dataset_file_is_read_with_names(tmp_path: Path) -> None:
    document = {
        "action": {"mean": [0.4], "std": [0.1], "min": [0.0], "max": [0.85]},
        "observation.images.front": {"mean": [[[0.5]]]},
    }
    path = written(tmp_path / "stats.json", document)
    assert load_statistics(path, {"action": ["g"]}) == {"action": ACTION}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{", "is not valid JSON"),
        ([1], "must hold features by key, got a list"),
        ({"action": 3}, "action must be a mapping, got a int"),
        ({"action": {"min": [0], "max": [1]}}, "action carries no names; give the component names explicitly"),
        ({"action": {"names": ["a"], "min": [0]}}, "action lacks min or max; it has: names, min"),
        ({"action": ENTRY | {"max": "1"}}, "action: max must be a list of numbers, got '1'"),
        ({"action": ENTRY | {"max": [1, 2]}}, "action: max has 2 values for 1 names"),
        ({"action": ENTRY | {"q01": None}}, "action: q01 and q99 must be given together"),
    ],
)
def test_a_malformed_file_is_refused(tmp_path: Path, document: object, reason: str) -> None:
    with pytest.raises(NormalisationError, match=re.escape(reason)):
        load_statistics(written(tmp_path / "normalization.json", document))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NormalisationError, match=r"statistics file .*nowhere\.json does not exist"):
        load_statistics(tmp_path / "nowhere.json")


def test_a_missing_feature_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "stats.json", {"state": ENTRY})
    with pytest.raises(NormalisationError, match=r"lacks observation\.state; it has: state"):
        load_statistics(path, {"observation.state": ["a"]})


def test_names_that_differ_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "stats.json", {"action": ENTRY})
    with pytest.raises(NormalisationError, match="action is for a, expected b"):
        load_statistics(path, {"action": ["b"]})
