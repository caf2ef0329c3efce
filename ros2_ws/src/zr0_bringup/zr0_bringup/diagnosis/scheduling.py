"""Whether the servo loop may have priority, and shared memory for images."""

import os
import resource
import shutil
from pathlib import Path

from zr0_bringup.diagnosis.finding import Finding

SHARED_MEMORY = Path("/dev/shm")
NEEDED_MB = 200


def check_real_time() -> Finding:
    """Look whether real-time scheduling is permitted."""
    limit, _ = resource.getrlimit(resource.RLIMIT_RTPRIO)
    is_permitted = limit != 0 or _may_be_scheduled()
    return Finding(
        name="Real-time priority",
        is_ok=is_permitted,
        is_required=False,
        found="permitted" if is_permitted else "not permitted: servo ticks may come late on a busy machine",
        advice='add "<user> - rtprio 50" to /etc/security/limits.conf and log in again; docker: --ulimit rtprio=50',
    )


def _may_be_scheduled() -> bool:
    before = os.sched_getscheduler(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, before, os.sched_param(0))
    return True


def check_shared_memory() -> Finding:
    """Look whether images of all nodes fit into shared memory."""
    free = shutil.disk_usage(SHARED_MEMORY).free / 1e6 if SHARED_MEMORY.exists() else 0.0
    return Finding(
        name="Shared memory",
        is_ok=free >= NEEDED_MB,
        is_required=False,
        found=f"{free:.0f} MB free at {SHARED_MEMORY}",
        advice=f"images need about {NEEDED_MB} MB there; docker: --shm-size=512m, or --ipc=host",
    )
