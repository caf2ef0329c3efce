import json
from pathlib import Path

from transformers import Qwen2VLImageProcessorPil
from zr0_policy.checkpoint.checkpoint import Checkpoint
from zr0_policy.checkpoint.processor_files import write_processor_files


def test_images_are_cut_as_the_vision_tower_wants_them(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_processor_files(tmp_path, checkpoint.model.vlm.config)
    image = json.loads((tmp_path / "preprocessor_config.json").read_text())
    assert image == {
        "image_mean": [0.5, 0.5, 0.5],
        "image_processor_type": "Qwen2VLImageProcessorFast",
        "image_std": [0.5, 0.5, 0.5],
        "merge_size": 2,
        "patch_size": 16,
        "processor_class": "Qwen3VLProcessor",
        "size": {"longest_edge": 16_777_216, "shortest_edge": 65_536},
        "temporal_patch_size": 2,
    }
    video = json.loads((tmp_path / "video_preprocessor_config.json").read_text())
    assert (video["video_processor_type"], video["patch_size"]) == ("Qwen3VLVideoProcessor", 16)


def test_transformers_opens_them(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_processor_files(tmp_path, checkpoint.model.vlm.config)
    processor = Qwen2VLImageProcessorPil.from_pretrained(str(tmp_path))
    assert (processor.patch_size, processor.merge_size, processor.temporal_patch_size) == (16, 2, 2)
    assert list(processor.image_mean) == [0.5, 0.5, 0.5]
