import shutil
from pathlib import Path

import pytest
from zr0_policy.checkpoint.disk_space import require_space
from zr0_policy.errors import CheckpointError


def test_room_that_is_there_is_accepted(tmp_path: Path) -> None:
    require_space(tmp_path, 1)


def test_missing_room_is_told_in_numbers(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(
        CheckpointError, match=rf"disk of {tmp_path} has [\d,]+ MiB free, [\d,]+ MiB are needed; free some"
    ):
        require_space(tmp_path, free + 2**40)
