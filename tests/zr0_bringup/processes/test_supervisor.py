"""Tests of zr0_bringup.processes.supervisor, with real small processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from zr0_bringup.processes.spec import ProcessExit, ProcessSpec
from zr0_bringup.processes.supervisor import Supervisor

WAIT_S = 20.0

# Ends at SIGINT and at SIGTERM with code 0, and writes its name into a file then.
OBEDIENT = """
import signal, sys, time
def end(*_):
    with open(sys.argv[2], "a") as file:
        file.write(sys.argv[1] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
while True:
    time.sleep(0.02)
"""
# Starts a child, and both ignore all requests.
DEAF = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
print("up", child.pid, flush=True)
time.sleep(600)
"""
SUPERVISING = """
import sys, time
from pathlib import Path
from zr0_bringup.processes.spec import ProcessSpec
from zr0_bringup.processes.supervisor import Supervisor
specs = [ProcessSpec(name=str(i), command=(sys.executable, "-S", "-c", code, str(i), sys.argv[2]))
         for i, code in enumerate(sys.argv[3:])]
supervisor = Supervisor(specs, [spec.name for spec in specs], Path(sys.argv[1]))
supervisor.start()
print(*(supervisor.pid_of(spec.name) for spec in specs), flush=True)
time.sleep(600)
"""


def _obedient(name: str, record: Path) -> ProcessSpec:
    return ProcessSpec(name=name, command=(sys.executable, "-S", "-c", OBEDIENT, name, str(record)))


def _code(name: str, code: str) -> ProcessSpec:
    return ProcessSpec(name=name, command=(sys.executable, "-S", "-c", code))


def _until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_done():
        assert time.monotonic() < deadline, "did not happen"
        time.sleep(0.02)


def _wait_up(supervisor: Supervisor, *names: str) -> None:
    _until(lambda: all(supervisor.log_of(name).read_text().startswith("up") for name in names))


def _poll(supervisor: Supervisor) -> list[ProcessExit]:
    found: list[ProcessExit] = []

    def has_ended() -> bool:
        found.extend(supervisor.poll())
        return bool(found)

    _until(has_ended)
    return found


def _is_gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_process_that_dies_is_named_with_its_exit_code(tmp_path: Path) -> None:
    with Supervisor([_code("eye", "raise SystemExit(7)")], ["eye"], tmp_path) as supervisor:
        supervisor.start()
        (end,) = _poll(supervisor)
        assert str(end) == "node eye ended with exit code 7"
        assert not end.is_clean
        assert supervisor.poll() == []
        assert supervisor.running_names == ()


def test_a_killed_process_is_named_with_its_signal(tmp_path: Path) -> None:
    with Supervisor([_obedient("eye", tmp_path / "record")], ["eye"], tmp_path) as supervisor:
        supervisor.start()
        os.kill(supervisor.pid_of("eye"), signal.SIGKILL)
        (end,) = _poll(supervisor)
        assert str(end) == "node eye was ended by SIGKILL (kill -9, or out of memory)"


def test_processes_end_one_after_the_other_in_the_stop_order(tmp_path: Path) -> None:
    names = ("one", "two", "three")
    record = tmp_path / "record"
    supervisor = Supervisor([_obedient(name, record) for name in names], ("two", "three", "one"), tmp_path / "logs")
    supervisor.start()
    _wait_up(supervisor, *names)
    exits = supervisor.stop()
    assert record.read_text().split() == ["two", "three", "one"]
    assert [end.name for end in exits] == ["two", "three", "one"]
    assert all(end.is_clean for end in exits)
    assert supervisor.stop() == []


def test_what_does_not_obey_is_killed_with_its_children_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "zr0_bringup.processes.supervisor.ESCALATION",
        ((signal.SIGINT, 0.2), (signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0)),
    )
    supervisor = Supervisor([_code("deaf", DEAF)], ["deaf"], tmp_path)
    supervisor.start()
    _wait_up(supervisor, "deaf")
    child = int(supervisor.log_of("deaf").read_text().split()[1])
    (end,) = supervisor.stop()
    assert str(end) == "node deaf was ended by SIGKILL after SIGINT, SIGTERM, SIGKILL"
    assert not end.is_clean
    _until(lambda: _is_gone(child))


def test_what_a_process_prints_is_kept(tmp_path: Path) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr)"
    with Supervisor([_code("eye", code)], ["eye"], tmp_path / "logs") as supervisor:
        supervisor.start()
        (end,) = _poll(supervisor)
    assert sorted(end.log.read_text().split()) == ["err", "out"]


def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    record = tmp_path / "record"
    arguments = [str(tmp_path / "logs"), str(record), OBEDIENT, DEAF]
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISING, *arguments], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        obedient, deaf = (int(word) for word in process.stdout.readline().split())
        logs = [tmp_path / "logs" / name for name in ("0.log", "1.log")]
        _until(lambda: all(log.exists() and log.read_text().startswith("up") for log in logs))
        child = int(logs[1].read_text().split()[1])
        process.kill()
    # The obedient one is told by the kernel and ends in order; the deaf one and its child fall to the guardian.
    _until(lambda: all(_is_gone(pid) for pid in (obedient, deaf, child)))
    assert record.read_text().split() == ["0"]


def test_the_stop_order_names_every_process_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must name each of"):
        Supervisor([_code("a", "")], ["b"], tmp_path)


def test_a_death_stops_the_first_of_the_stop_order_at_once(tmp_path: Path) -> None:
    record = tmp_path / "ends"
    names = ("second", "first", "third")
    specs = [_obedient(name, record) for name in names]
    with Supervisor(specs, ("first", "second", "third"), tmp_path / "logs") as supervisor:
        supervisor.start()
        _wait_up(supervisor, *names)
        os.kill(supervisor.pid_of("third"), signal.SIGKILL)
        _until(record.exists)
        _until(lambda: record.read_text() == "first\n")
        exits = {end.name: end for end in supervisor.stop()}
    assert record.read_text() == "first\nsecond\n"
    assert exits["first"].is_clean
    assert exits["first"].signals_needed == ("SIGTERM",)
    assert exits["second"].is_clean
    assert exits["second"].signals_needed == ("SIGINT",)
    assert not exits["third"].is_clean


def test_what_a_death_has_told_to_stop_gets_no_gentler_signal_after_it(tmp_path: Path) -> None:
    slow = """
import signal, sys, time
def end(*_):
    print("ending", flush=True)
    time.sleep(1.0)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
while True:
    time.sleep(0.02)
"""
    specs = [_code("first", slow), _obedient("second", tmp_path / "ends")]
    with Supervisor(specs, ("first", "second"), tmp_path / "logs") as supervisor:
        supervisor.start()
        _wait_up(supervisor, "first", "second")
        os.kill(supervisor.pid_of("second"), signal.SIGKILL)
        _until(lambda: "ending" in supervisor.log_of("first").read_text())
        exits = {end.name: end for end in supervisor.stop()}
    assert exits["first"].signals_needed == ("SIGTERM",)
    assert exits["first"].is_clean


def test_a_death_stops_nothing_where_that_is_not_wanted(tmp_path: Path) -> None:
    record = tmp_path / "ends"
    specs = [_obedient(name, record) for name in ("first", "second")]
    with Supervisor(specs, ("first", "second"), tmp_path / "logs", is_stopping_at_death=False) as supervisor:
        supervisor.start()
        _wait_up(supervisor, "first", "second")
        os.kill(supervisor.pid_of("second"), signal.SIGKILL)
        assert [end.name for end in _poll(supervisor)] == ["second"]
        assert not record.exists()
