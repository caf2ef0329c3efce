"""CPU time from a camera frame of 640x480 to patches: PIL and the processor's steps, against ours.

    OMP_NUM_THREADS=1 python benchmarks/preprocessing.py

Baselines: the published steps (to floats, to PIL, bicubic, then transformers' image processor), and our own PIL path.
"""

import argparse

import numpy as np
import torch
from measuring import compare, machine
from numpy.typing import NDArray
from PIL import Image
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from zr0_policy.preprocessing.image import PatchLayout, Resizer, preprocess, stretch

FAST, PIL = PatchLayout(resizer=Resizer.TORCH), PatchLayout(resizer=Resizer.PIL)
PROCESSOR = Qwen2VLImageProcessorPil(
    patch_size=16, merge_size=2, temporal_patch_size=2, image_mean=[0.5] * 3, image_std=[0.5] * 3, do_resize=False
)


def published(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Do what the published preparation does with a frame."""
    floats = torch.from_numpy(rgb).permute(2, 0, 1).contiguous().to(torch.float32).div(255)
    image = Image.fromarray(floats.mul(255).byte().permute(1, 2, 0).numpy())
    resized = image.resize((FAST.image_size, FAST.image_size), Image.Resampling.BICUBIC)
    return np.asarray(PROCESSOR(images=[resized], return_tensors="np")["pixel_values"])


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=51, help="runs of each, in turn")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    steps = np.abs(stretch(rgb, 224, Resizer.TORCH).astype(int) - stretch(rgb, 224, Resizer.PIL).astype(int))
    print(f"largest difference from PIL: {steps.max()} of 255, on {(steps > 0).mean():.2%} of the values")
    print(f"PIL path identical to the published steps: {np.allclose(preprocess(rgb, PIL), published(rgb), atol=1e-6)}")
    for name, baseline, ours in (
        ("published steps / ours", lambda: published(rgb), lambda: preprocess(rgb, FAST)),
        ("our PIL path / ours", lambda: preprocess(rgb, PIL), lambda: preprocess(rgb, FAST)),
        ("published steps / our PIL path", lambda: published(rgb), lambda: preprocess(rgb, PIL)),
    ):
        print(f"{name:32s}{compare(baseline, ours, arguments.pairs)}")


if __name__ == "__main__":
    main()
