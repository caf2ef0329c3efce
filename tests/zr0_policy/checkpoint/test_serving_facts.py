"""The facts of an official checkpoint, from a directory made by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import EmbodimentError, NormalisationError, Zr0Error
from zr0_core.normalisation import NormalisationMethod
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.load import load_checkpoint
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.serving_facts import read_serving_facts
from zr0_policy.errors import CheckpointError

Copy = Callable[[Path], Path]
LOW, HIGH = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.85]
PUBLISHED_STATISTICS = {
    key: {
        "mean": [0.1] * 8,
        "std": [0.5] * 8,
        "min": LOW,
        "max": HIGH,
        "q01": [value * 0.9 for value in LOW],
        "q99": [value * 0.9 for value in HIGH],
        "count": [1000],
    }
    for key in ("observation.state", "action")
} | {"observation.images.front": {"mean": [[[0.5]]], "min": [[[0.0]]]}, "timestamp": {"min": [0.0]}}
"""As the published code writes `meta/stats.json`, beside the images and times of a LeRobot dataset."""


@pytest.fixture
def by_hand(tmp_path: Path, embodiment: Embodiment) -> Path:
    """What somebody writes to serve an official checkpoint."""
    directory = tmp_path / "facts"
    directory.mkdir()
    (directory / "embodiment.yaml").write_text(embodiment.to_text())
    (directory / "stats.json").write_text(json.dumps(PUBLISHED_STATISTICS))
    options = {**Zr0Options().to_mapping(), "normalisation": "min_max"}
    (directory / "zr0_options.json").write_text(json.dumps(options))
    (directory / "provenance.json").write_text('{"is_trained": true, "description": "Downloaded."}')
    return directory


def test_published_statistics_are_read_in_the_embodiments_order(by_hand: Path, embodiment: Embodiment) -> None:
    facts = read_serving_facts(by_hand)
    assert facts.embodiment == embodiment
    assert facts.options.normalisation is NormalisationMethod.MIN_MAX
    assert facts.provenance.description == "Downloaded."
    assert set(facts.statistics) == {"observation.state", "action"}
    action = facts.statistics["action"]
    assert action.names == embodiment.action.names
    assert action.minimum == tuple(LOW)
    assert action.maximum == tuple(HIGH)
    assert action.q01 == tuple(value * 0.9 for value in LOW)
    assert action.q99 == tuple(value * 0.9 for value in HIGH)


def test_a_datasets_meta_folder_will_do(by_hand: Path) -> None:
    expected = read_serving_facts(by_hand).statistics
    (by_hand / "meta").mkdir()
    (by_hand / "stats.json").rename(by_hand / "meta" / "stats.json")
    assert read_serving_facts(by_hand).statistics == expected


def test_our_own_files_are_read_from_anywhere(checkpoint: Checkpoint, saved: Path, tmp_path: Path) -> None:
    for name in layout.OWN_FILES:
        (tmp_path / name).write_bytes((saved / name).read_bytes())
    assert read_serving_facts(tmp_path) == checkpoint.facts


def test_an_official_checkpoint_is_served_with_them(by_hand: Path, saved: Path, tmp_path: Path) -> None:
    official = tmp_path / "official"
    official.mkdir()
    for path in saved.iterdir():
        if path.name not in layout.OWN_FILES:
            (official / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CheckpointError, match=r"lacks embodiment.yaml, normalization.json, .* explicitly"):
        load_checkpoint(official)
    checkpoint = load_checkpoint(official, facts=read_serving_facts(by_hand))
    assert checkpoint.transforms().action_normaliser.low == tuple(LOW)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("embodiment.yaml", r"embodiment.yaml \(the robot"),
        ("stats.json", r"lacks normalization.json; .* or the dataset's as stats.json or meta/stats.json"),
        ("zr0_options.json", r'zr0_options.json \(for published weights \{"feature_norm": "pre", "image_size": 224'),
        ("provenance.json", r'provenance.json \(\{"is_trained": true'),
    ],
)
def test_a_missing_file_is_named_with_what_to_write(by_hand: Path, name: str, hint: str) -> None:
    (by_hand / name).unlink()
    with pytest.raises(CheckpointError, match=hint):
        read_serving_facts(by_hand)


def test_the_hints_say_what_is_accepted(by_hand: Path) -> None:
    for name in ("zr0_options.json", "provenance.json"):
        (by_hand / name).unlink()
    with pytest.raises(CheckpointError) as caught:
        read_serving_facts(by_hand)
    decoder, message = json.JSONDecoder(), str(caught.value)
    for name in ("zr0_options.json", "provenance.json"):
        hint, _ = decoder.raw_decode(message, message.index("{", message.index(f"{name} (")))
        (by_hand / name).write_text(json.dumps(hint))
    assert read_serving_facts(by_hand).options == Zr0Options()


def test_two_statistics_are_refused(by_hand: Path, saved: Path) -> None:
    (by_hand / "normalization.json").write_bytes((saved / "normalization.json").read_bytes())
    with pytest.raises(CheckpointError, match=r"has normalization.json and stats.json; keep the statistics that the"):
        read_serving_facts(by_hand)


def edited(change: Callable[[dict[str, Any]], object]) -> str:
    data = json.loads(json.dumps(PUBLISHED_STATISTICS))
    change(data)
    return json.dumps(data)


@pytest.mark.parametrize(
    ("name", "content", "error", "match"),
    [
        ("stats.json", "{", CheckpointError, r"stats.json is not readable as JSON"),
        ("stats.json", edited(lambda data: data.pop("action")), NormalisationError, r"stats.json lacks action; it has"),
        (
            "stats.json",
            edited(lambda data: data["action"]["min"].pop()),
            NormalisationError,
            r"stats.json: action: min has 7 values for 8 names",
        ),
        (
            "stats.json",
            edited(lambda data: data["observation.state"].pop("max")),
            NormalisationError,
            r"observation.state lacks min or max",
        ),
        (
            "stats.json",
            edited(lambda data: data["action"].update(names=["x"] * 8)),
            NormalisationError,
            "action is for x, x, .* expected joint1, joint2",
        ),
        ("embodiment.yaml", "name: x", EmbodimentError, r"embodiment.yaml: the document lacks version"),
        ("embodiment.yaml", "{[", EmbodimentError, r"embodiment.yaml is not valid YAML"),
        ("zr0_options.json", "[]", CheckpointError, r"zr0_options.json is not readable as JSON: expected a mapping"),
        ("provenance.json", "{}", CheckpointError, r"provenance.json: is_trained must be true or false, got None"),
    ],
)
def test_damage_is_named(by_hand: Path, name: str, content: str, error: type[Zr0Error], match: str) -> None:
    (by_hand / name).write_text(content)
    with pytest.raises(error, match=match):
        read_serving_facts(by_hand)


def test_an_embodiment_that_is_no_text_is_refused(by_hand: Path) -> None:
    (by_hand / "embodiment.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CheckpointError, match=r"embodiment.yaml is not readable as text"):
        read_serving_facts(by_hand)


def test_a_path_that_is_no_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere is not a directory; give one that holds embodiment.yaml"):
        read_serving_facts(tmp_path / "nowhere")
