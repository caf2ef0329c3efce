"""The image and video processor files that transformers 4.57 needs to open a published directory.

This package does not read them: images are prepared by `preprocessing`. The published server does, with resizing
switched off, so that only the patch sizes and the scaling of colours take effect there.
"""

from pathlib import Path
from typing import Any

from transformers import Qwen3VLConfig

from zr0_policy.checkpoint import layout
from zr0_policy.checkpoint.json_file import write_json

PROCESSOR_CLASS = "Qwen3VLProcessor"
_IMAGE_SIZES = {"shortest_edge": 256 * 256, "longest_edge": 4096 * 4096}
_VIDEO_SIZES = {"shortest_edge": 4096, "longest_edge": 25_165_824}


def write_processor_files(directory: Path, config: Qwen3VLConfig) -> None:
    """Write how images become patches, as Qwen3-VL publishes it.

    Source: the processor files of Qwen3-VL: RGB, mean and deviation 0.5, patches of the vision tower's sizes.
    """
    vision = config.vision_config
    common: dict[str, Any] = {
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "patch_size": vision.patch_size,
        "merge_size": vision.spatial_merge_size,
        "temporal_patch_size": vision.temporal_patch_size,
        "processor_class": PROCESSOR_CLASS,
    }
    image = {**common, "image_processor_type": "Qwen2VLImageProcessorFast", "size": _IMAGE_SIZES}
    video = {**common, "video_processor_type": "Qwen3VLVideoProcessor", "size": _VIDEO_SIZES}
    write_json(directory / layout.IMAGE_PROCESSOR, image, sort_keys=True)
    write_json(directory / layout.VIDEO_PROCESSOR, video, sort_keys=True)
