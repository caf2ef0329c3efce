"""Read what the published files leave out: embodiment, statistics, options, provenance."""

import json
from collections.abc import Mapping
from pathlib import Path

from zr0_core.embodiment import Embodiment
from zr0_core.feature_statistics import FeatureStatistics, load_statistics

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import ServingFacts
from zr0_policy.checkpoint.json_file import read_json_mapping
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.checkpoint.provenance import Provenance
from zr0_policy.errors import CheckpointError

STATISTICS_FILES = (layout.NORMALIZATION, "stats.json", "meta/stats.json")
"""Where statistics may lie: ours, or those of a LeRobot dataset, which carry no component names."""

_HINTS = {
    layout.EMBODIMENT: "the robot, as zr0_core's embodiments are written",
    layout.NORMALIZATION: f"value ranges; or the dataset's as {STATISTICS_FILES[1]} or {STATISTICS_FILES[2]}",
    layout.OPTIONS: f"for published weights {json.dumps(Zr0Options().to_mapping())}, with normalisation as trained",
    layout.PROVENANCE: '{"is_trained": true, "description": "where the weights come from"}',
}


def read_serving_facts(directory: Path) -> ServingFacts:
    """Read the facts from a directory: a checkpoint of ours, or one made by hand for official weights.

    Nothing is assumed: how values are scaled cannot be seen from weights, and a wrong guess moves the robot wrongly.

    Args:
        directory: Holds `embodiment.yaml`, `zr0_options.json`, `provenance.json`, and the statistics as
            `normalization.json`, or as `stats.json` or `meta/stats.json` of a LeRobot dataset. The latter carry no
            names, so their components are taken to be in the embodiment's order.

    Raises:
        CheckpointError: A file is missing, malformed, or there are several statistics; the message says what to write.
        EmbodimentError: The embodiment file is malformed.
        NormalisationError: The statistics file is malformed, or has not the embodiment's number of components.
    """
    if not directory.is_dir():
        raise CheckpointError(f"{directory} is not a directory; give one that holds {', '.join(layout.OWN_FILES)}")
    found = [name for name in STATISTICS_FILES if (directory / name).is_file()]
    if len(found) > 1:
        raise CheckpointError(
            f"{directory} has {' and '.join(found)}; keep the statistics that the model was trained with"
        )
    missing = [
        name
        for name in layout.OWN_FILES
        if not (directory / name).is_file() and not (name == layout.NORMALIZATION and found)
    ]
    if missing:
        raise CheckpointError(
            f"{directory} lacks {', '.join(missing)}; give embodiment, statistics, options and provenance explicitly "
            "to serve a checkpoint without them, in a directory with: "
            + "; ".join(f"{name} ({_HINTS[name]})" for name in missing)
        )
    embodiment = _read_embodiment(directory / layout.EMBODIMENT)
    options, provenance = directory / layout.OPTIONS, directory / layout.PROVENANCE
    return ServingFacts(
        embodiment=embodiment,
        statistics=_read_statistics(directory / found[0], embodiment),
        options=Zr0Options.from_mapping(read_json_mapping(options), str(options)),
        provenance=Provenance.from_mapping(read_json_mapping(provenance), str(provenance)),
    )


def _read_embodiment(path: Path) -> Embodiment:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} is not readable as text: {error}") from error
    return Embodiment.from_text(text, str(path))


def _read_statistics(path: Path, embodiment: Embodiment) -> Mapping[str, FeatureStatistics]:
    read_json_mapping(path)
    if path.name == layout.NORMALIZATION:
        return load_statistics(path)
    vectors = (embodiment.state, embodiment.action)
    return load_statistics(path, {vector.key: vector.names for vector in vectors})
