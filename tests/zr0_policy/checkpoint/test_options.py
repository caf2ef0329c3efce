import dataclasses
import json

import pytest
from zr0_policy.checkpoint.locate import locate
from zr0_policy.checkpoint.options import Zr0Options
from zr0_policy.errors import CheckpointError
from zr0_policy.model.qwen3_vl import Rotation
from zr0_policy.preprocessing.image import Resizer
from zr0_policy.preprocessing.prompt import PromptMode


def test_defaults_are_those_of_the_published_server_and_of_the_shipped_checkpoint() -> None:
    options = Zr0Options()
    assert (options.mode, options.window_size, options.image_size) == (PromptMode.DIRECT, 1, 224)
    shipped = json.loads((locate("zr0_tiny_xarm7") / "zr0_options.json").read_text())
    assert Zr0Options.from_mapping(shipped, "shipped") == dataclasses.replace(options, resizer=Resizer.TORCH)
    assert options.resizer is Resizer.PIL
    assert options.rotation is Rotation.FLOAT32


def test_what_is_written_as_json_is_read_back() -> None:
    options = Zr0Options(mode=PromptMode.SUB_TASK, max_sub_task_tokens=9, window_size=4, history_spacing_steps=3)
    assert Zr0Options.from_mapping(json.loads(json.dumps(options.to_mapping())), "here") == options


@pytest.mark.parametrize(
    "name", ["image_size", "num_denoising_steps", "max_sub_task_tokens", "window_size", "history_spacing_steps"]
)
def test_numbers_below_one_are_refused(name: str) -> None:
    with pytest.raises(CheckpointError, match=f"here: {name} is 0, expected at least 1"):
        Zr0Options.from_mapping({**json.loads(json.dumps(Zr0Options().to_mapping())), name: 0}, "here")


def test_other_modes_and_missing_fields_are_refused() -> None:
    data = json.loads(json.dumps(Zr0Options().to_mapping()))
    with pytest.raises(CheckpointError, match="here: mode is 'think', expected one of direct, sub_task"):
        Zr0Options.from_mapping({**data, "mode": "think"}, "here")
    del data["window_size"]
    with pytest.raises(CheckpointError, match="lacks window_size"):
        Zr0Options.from_mapping(data, "here")
