from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from zr0_core.embodiment import Embodiment
from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.inspection import inspect_checkpoint
from zr0_policy.checkpoint.save import save_checkpoint
from zr0_policy.errors import CheckpointError

Copy = Callable[[Path], Path]
EditJson = Callable[[Path, Callable[[dict[str, Any]], object]], None]


def test_headers_tell_what_the_model_is(checkpoint: Checkpoint, saved_in_shards: Path) -> None:
    inspection = inspect_checkpoint(saved_in_shards)
    assert inspection.reasons == ()
    assert inspection.missing == ()
    assert inspection.vlm is not None
    assert inspection.expert is not None
    assert inspection.vlm.num_parameters == sum(parameter.numel() for parameter in checkpoint.model.vlm.parameters())
    assert inspection.expert.num_parameters == sum(tensor.numel() for tensor in checkpoint.model.expert.parameters())
    assert inspection.vlm.num_bytes == 4 * inspection.vlm.num_parameters
    assert inspection.vlm.num_files == len(list(saved_in_shards.glob("model-*.safetensors")))
    assert (inspection.expert.num_files, inspection.expert.dtypes) == (1, ("float32",))
    assert inspection.num_tokens == len(checkpoint.tokens.tokenizer)
    assert inspection.facts == checkpoint.facts
    assert inspection.style is not None
    assert inspection.style.startswith("transformers 4.57 form")
    assert inspection.num_file_bytes == sum(path.stat().st_size for path in saved_in_shards.iterdir())


def test_half_precision_is_seen(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(checkpoint, tmp_path / "half", dtype=torch.bfloat16)
    inspection = inspect_checkpoint(tmp_path / "half")
    assert inspection.vlm is not None
    assert inspection.vlm.dtypes == ("bfloat16",)


def test_every_reason_is_given_and_the_rest_is_shown(saved: Path, copy: Copy) -> None:
    directory = copy(saved)
    (directory / layout.EXPERT_WEIGHTS).write_bytes(b"")
    (directory / layout.PROVENANCE).unlink()
    (directory / "tokenizer.json").unlink()
    inspection = inspect_checkpoint(directory)
    assert inspection.expert is None
    assert inspection.facts is None
    assert inspection.num_tokens is None
    assert inspection.vlm is not None
    assert inspection.missing == ("provenance.json",)
    assert len(inspection.reasons) == 3
    text = "\n".join(inspection.reasons)
    assert "action_expert.safetensors is truncated: it has only 0 bytes" in text
    assert "lacks provenance.json" in text
    assert "the tokenizer is missing" in text


def test_the_same_fault_is_told_once(saved: Path, copy: Copy) -> None:
    directory = copy(saved)
    (directory / "config.json").write_text("{")
    inspection = inspect_checkpoint(directory)
    assert sum("config.json is not readable as JSON" in reason for reason in inspection.reasons) == 1
    assert (inspection.style, inspection.vlm) == (None, None)


def test_parts_that_do_not_fit_are_reasons(saved: Path, copy: Copy, edit_json: EditJson) -> None:
    directory = copy(saved)
    edit_json(directory / "config.json", lambda data: data.update(image_token_id=3))
    edit_json(directory / layout.OPTIONS, lambda data: data.update(pinned=["elbow"]))
    image, pinned = inspect_checkpoint(directory).reasons
    assert image.startswith("image_token_id in config.json is 3")
    assert pinned.startswith("pinned: elbow is neither")


def test_the_robot_is_compared(saved: Path) -> None:
    assert inspect_checkpoint(saved, robot=Embodiment.load("xarm7_gripper")).reasons == ()
    (reason,) = inspect_checkpoint(saved, robot=Embodiment.load("xarm6_gripper")).reasons
    assert reason.startswith("checkpoint saved is not for embodiment xarm6_gripper: name: got 'xarm7_gripper'")


def test_facts_may_come_from_elsewhere(saved: Path, copy: Copy, tmp_path: Path) -> None:
    directory = copy(saved)
    facts = tmp_path / "facts"
    facts.mkdir()
    for name in layout.OWN_FILES:
        (directory / name).rename(facts / name)
    assert "lacks embodiment.yaml" in inspect_checkpoint(directory).reasons[0]
    inspection = inspect_checkpoint(directory, facts_directory=facts)
    assert inspection.reasons == ()
    assert inspection.missing == layout.OWN_FILES


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere is not a directory"):
        inspect_checkpoint(tmp_path / "nowhere")
