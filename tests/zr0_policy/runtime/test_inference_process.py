"""Policies in real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext, make_policy
from zr0_core.types import CameraImage, Observation, Overlap
from zr0_policy.runtime.inference_process import InferenceProcess

ROGUES = '''
import os, time
import numpy as np

class Rogue:
    """Does by instruction what a policy must not."""

    name = "rogue"
    is_trained = False
    is_guided = True

    def reset(self, instruction):
        self.instruction = instruction
        if instruction == "raise":
            raise RuntimeError("no wish to")

    def infer(self, observation, overlap=None):
        if self.instruction == "echo":
            return np.full((16, 8), -1.0) if overlap is None else overlap.actions * overlap.num_frozen
        if self.instruction == "die":
            os._exit(3)
        if self.instruction == "sleep":
            time.sleep(60.0)
        return np.full((16, 8), float(os.getpid()))

def make_rogue(context):
    if context.checkpoint == "missing":
        raise ValueError("no such weights")
    return Rogue()
'''


def context(embodiment: Embodiment, checkpoint: str = "") -> PolicyContext:
    return PolicyContext(embodiment=embodiment, checkpoint=checkpoint, device="cpu", seed=0)


def observation(embodiment: Embodiment) -> Observation:
    images = tuple(
        CameraImage(key=camera.key, stamp_ns=1, rgb=np.zeros((camera.height, camera.width, 3), dtype=np.uint8))
        for camera in embodiment.cameras
    )
    state = np.linspace(0.0, 0.7, len(embodiment.state.names))
    return Observation(images=images, state=state, state_stamp_ns=2, instruction="go")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables under which a policy of the test's own is installed."""
    (tmp_path / "rogues.py").write_text(ROGUES)
    info = tmp_path / "rogues-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rogues\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[zr0.policies]\nrogue = rogues:make_rogue\n")
    return os.environ | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}


@pytest.fixture
def rogue(embodiment: Embodiment, environment: dict[str, str]) -> Iterator[InferenceProcess]:
    with closing(InferenceProcess("rogue", context(embodiment), environment)) as process:
        yield process


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + 10.0
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_it_answers_as_the_policy_would(embodiment: Embodiment) -> None:
    here = make_policy("zr0", context(embodiment, "zr0_tiny_xarm7"))
    with closing(InferenceProcess("zr0", context(embodiment, "zr0_tiny_xarm7"), os.environ)) as there:
        assert (there.name, there.is_trained) == (here.name, here.is_trained)
        here.reset("go")
        there.reset("go")
        for _ in range(2):
            # The same operations on the same machine, so not a bit differs.
            np.testing.assert_array_equal(there.infer(observation(embodiment)), here.infer(observation(embodiment)))


def test_the_overlap_comes_through_unchanged(embodiment: Embodiment, rogue: InferenceProcess) -> None:
    assert rogue.is_guided
    rogue.reset("echo")
    rest = np.arange(24.0).reshape(3, 8) / 7.0
    echoed = rogue.infer(observation(embodiment), Overlap(actions=rest, num_frozen=2))
    np.testing.assert_array_equal(echoed, rest * 2)
    assert rogue.infer(observation(embodiment))[0, 0] == -1.0
    with closing(InferenceProcess("hold", context(embodiment), os.environ)) as unguided:
        assert not unguided.is_guided


def test_it_is_another_process_of_ordinary_priority_and_ends_with_its_owner(
    embodiment: Embodiment, rogue: InferenceProcess
) -> None:
    rogue.reset("go")
    assert rogue.infer(observation(embodiment))[0, 0] == rogue.pid != os.getpid()
    assert os.sched_getscheduler(rogue.pid) == os.SCHED_OTHER
    rogue.close()
    assert has_ended(rogue.pid)


def test_a_policy_that_cannot_be_built_is_refused_and_leaves_no_process(
    embodiment: Embodiment, environment: dict[str, str]
) -> None:
    with pytest.raises(Zr0Error, match=r"no policy named 'rouge'.*did you mean 'rogue'"):
        InferenceProcess("rouge", context(embodiment), environment)
    with pytest.raises(Zr0Error, match="ValueError: no such weights"):
        InferenceProcess("rogue", context(embodiment, "missing"), environment)
    children = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "inference_server"], check=False)
    assert children.returncode == 1


def test_what_a_policy_raises_is_told_and_the_next_request_works(
    embodiment: Embodiment, rogue: InferenceProcess
) -> None:
    with pytest.raises(Zr0Error, match="RuntimeError: no wish to"):
        rogue.reset("raise")
    rogue.reset("go")
    assert rogue.infer(observation(embodiment)).shape == (16, 8)


def test_its_death_is_told_with_how_and_what_to_do(embodiment: Embodiment, rogue: InferenceProcess) -> None:
    rogue.reset("die")
    for ask in (lambda: rogue.infer(observation(embodiment)), lambda: rogue.reset("go")):
        with pytest.raises(Zr0Error, match=r"inference process of policy rogue ended with exit code 3.*configure"):
            ask()


def test_its_death_by_a_signal_in_mid_inference_is_told(embodiment: Embodiment, rogue: InferenceProcess) -> None:
    rogue.reset("sleep")
    threading.Timer(0.3, os.kill, (rogue.pid, signal.SIGKILL)).start()
    with pytest.raises(Zr0Error, match="was ended by SIGKILL"):
        rogue.infer(observation(embodiment))


def test_it_outlives_ctrl_c_which_its_owner_handles(embodiment: Embodiment, rogue: InferenceProcess) -> None:
    rogue.reset("go")
    os.kill(rogue.pid, signal.SIGINT)
    assert rogue.infer(observation(embodiment)).shape == (16, 8)


def test_it_ends_when_its_owner_is_killed(embodiment: Embodiment, tmp_path: Path) -> None:
    program = f"""
import os, time
from zr0_core.embodiment import Embodiment
from zr0_core.policy import PolicyContext
from zr0_policy.runtime.inference_process import InferenceProcess
context = PolicyContext(embodiment=Embodiment.load({embodiment.name!r}), checkpoint="", device="cpu", seed=0)
process = InferenceProcess("hold", context, os.environ)
print(process.pid, flush=True)
time.sleep(60.0)
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert has_ended(pid)
