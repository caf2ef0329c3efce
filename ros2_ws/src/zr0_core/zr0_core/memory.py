"""How the C library gives out memory for camera images."""

import ctypes

MEBIBYTE = 2**20
# Options of mallopt(3), from glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_SETTINGS = {_MMAP_THRESHOLD: 16 * MEBIBYTE, _TRIM_THRESHOLD: 128 * MEBIBYTE, _TOP_PAD: 16 * MEBIBYTE}


def reuse_image_memory() -> bool:
    """Make this process keep the memory of freed images for the next ones.

    glibc hands blocks above 128 KiB back to the kernel at once, and takes new ones page by page: for raw 640x480
    images that is half of what receiving them costs. Up to 128 MiB stay with the process instead.

    Returns:
        Whether the C library knows these settings; others are left as they are.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    return all(library.mallopt(option, value) for option, value in _SETTINGS.items())
