from typing import Any

import numpy as np
import pytest
from PIL import Image
from zr0_core.types import ImageArray
from zr0_policy.preprocessing.image import PatchLayout, Resizer, patchify, preprocess, stretch

LAYOUT = PatchLayout()


def test_layout_of_the_published_size() -> None:
    assert (LAYOUT.grid, LAYOUT.num_tokens) == ((1, 14, 14), 49)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"image_size": 230}, "image_size is 230, expected a multiple of .* = 32"),
        ({"merge_size": 0}, "merge_size is 0"),
    ],
)
def test_layouts_that_do_not_fit_are_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        PatchLayout(**changes)


def noise(height: int, width: int) -> ImageArray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_the_pil_resizer_is_pils_bicubic_without_keeping_the_aspect() -> None:
    rgb = noise(480, 640)
    expected = np.asarray(Image.fromarray(rgb).resize((224, 224), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(stretch(rgb, 224, Resizer.PIL), expected)


@pytest.mark.parametrize("size", [(480, 640), (720, 1280), (1080, 1920), (224, 224), (96, 128), (300, 200), (900, 300)])
def test_the_torch_resizer_is_within_two_of_255_steps_of_pil(size: tuple[int, int]) -> None:
    rgb = noise(*size)
    steps = np.abs(stretch(rgb, 224, Resizer.TORCH).astype(int) - stretch(rgb, 224, Resizer.PIL).astype(int))
    assert steps.max() <= 2
    assert (steps > 0).mean() < 0.01


def test_an_image_that_may_not_be_written_is_stretched_alike() -> None:
    rgb = noise(480, 640)
    frozen = rgb.copy()
    frozen.flags.writeable = False
    for resizer in Resizer:
        np.testing.assert_array_equal(stretch(frozen, 224, resizer), stretch(rgb, 224, resizer))


def test_every_pixel_lands_where_the_vision_tower_expects_it() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    patches = patchify(rgb, LAYOUT)
    assert (patches.shape, patches.dtype) == ((196, 1536), np.dtype(np.float32))
    for row, column, channel in ((0, 0, 0), (0, 17, 1), (16, 0, 2), (100, 40, 0), (223, 223, 2), (47, 130, 1)):
        patch_row, patch_column = row // 16, column // 16
        token = (patch_row // 2) * 7 + patch_column // 2
        patch = token * 4 + (patch_row % 2) * 2 + patch_column % 2
        expected = (rgb[row, column, channel] / 255 - 0.5) / 0.5
        for time in (0, 1):
            position = channel * 512 + time * 256 + (row % 16) * 16 + column % 16
            assert patches[patch, position] == pytest.approx(expected, abs=1e-6)


def test_equals_the_image_processor_of_transformers() -> None:
    processors = pytest.importorskip("transformers.models.qwen2_vl.image_processing_pil_qwen2_vl")
    processor = processors.Qwen2VLImageProcessorPil(
        patch_size=16, merge_size=2, temporal_patch_size=2, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_resize=False
    )
    rgb = np.random.default_rng(2).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    for resizer in Resizer:
        theirs = processor(images=[Image.fromarray(stretch(rgb, 224, resizer))], return_tensors="np")
        assert theirs["image_grid_thw"].tolist() == [list(LAYOUT.grid)]
        ours = preprocess(rgb, PatchLayout(resizer=resizer))
        np.testing.assert_allclose(ours, theirs["pixel_values"], atol=1e-6)
