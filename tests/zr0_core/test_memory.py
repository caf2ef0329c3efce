"""In processes of their own: the setting cannot be taken back."""

import subprocess
import sys

PROGRAM = """
import resource
from zr0_core.memory import reuse_image_memory
if {is_set}:
    assert reuse_image_memory()
for cycle in range(40):
    if cycle == 20:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    images = [bytearray(921_600) for _ in range(4)]
    del images
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def num_faults(*, is_set: bool) -> int:
    """Page faults while 20 sets of images come and go."""
    program = PROGRAM.format(is_set=is_set)
    return int(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def test_the_memory_of_images_serves_the_next_ones() -> None:
    assert num_faults(is_set=True) < 100
    assert num_faults(is_set=False) > 1000
