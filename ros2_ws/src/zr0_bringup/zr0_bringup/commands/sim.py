"""`zr0 sim`: the stack on the simulated arm, episode after episode, with a report."""

import argparse
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.images import decode_image
from zr0_core.memory import reuse_image_memory
from zr0_core.types import ImageArray

from zr0_bringup.arguments import Scalar
from zr0_bringup.bringups import sim_graph
from zr0_bringup.command_line import argument_values
from zr0_bringup.commands.up import signals_as_interrupt
from zr0_bringup.graph import resolve
from zr0_bringup.processes.log_tail import last_lines
from zr0_bringup.processes.node_command import process_spec
from zr0_bringup.processes.spec import ProcessExit
from zr0_bringup.processes.supervisor import Supervisor
from zr0_bringup.ros.listener_thread import ListenerThread, open_context
from zr0_bringup.ros.operator import Operator
from zr0_bringup.ros.session_node import SessionNode
from zr0_bringup.ros.session_runner import EpisodePlan, SessionRunner
from zr0_bringup.run_folder import make_run_folder
from zr0_bringup.session.frames import FrameComposer
from zr0_bringup.session.judgement import judge
from zr0_bringup.session.live_view import LiveView
from zr0_bringup.session.moment import Stage, caption, status_line, status_rows
from zr0_bringup.session.record import SessionRecord
from zr0_bringup.session.report import RunContext, make_report, write_report
from zr0_bringup.session.summary import print_summary
from zr0_bringup.session.timeline import draw_timeline
from zr0_bringup.session.video_recorder import VideoRecorder

LOG_LINES_SHOWN = 12
INTERRUPTED = 130
NEVER_FAILS = "scripted"
"""The policy of which success is expected."""


class NodeDiedError(Zr0Error):
    """A node ended by itself."""


def run_sim(options: argparse.Namespace) -> int:
    """Run the command; return 0 if all went well, 1 if something failed, 130 after Ctrl-C."""
    graph = sim_graph()
    values = argument_values(options, graph)
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    console = Console(width=None if Console().is_terminal else 160)
    try:
        embodiment = Embodiment.load(str(values["embodiment"]))
        folder = make_run_folder(Path(options.output))
        specs = [process_spec(node, folder / "logs" / "ros") for node in resolve(graph, values)]
    except (Zr0Error, ValueError) as error:
        console.print(f"zr0 sim: {error}", markup=False)
        return 2
    supervisor = Supervisor(specs, graph.stop_order, folder / "logs")
    session = _Session(
        options=options, values=values, embodiment=embodiment, supervisor=supervisor, console=console, folder=folder
    )
    with signals_as_interrupt():
        return session.run()


class _Session:
    """One run of the command."""

    def __init__(
        self,
        *,
        options: argparse.Namespace,
        values: dict[str, Scalar],
        embodiment: Embodiment,
        supervisor: Supervisor,
        console: Console,
        folder: Path,
    ) -> None:
        self._options = options
        self._values = values
        self._embodiment = embodiment
        self._supervisor = supervisor
        self._console = console
        self._folder = folder
        self._cameras = {
            camera.name: str(values.get(f"{camera.name}_camera_topic", camera.topic)) for camera in embodiment.cameras
        }
        names = tuple(joint.name for joint in embodiment.arm.joints)
        self._record = SessionRecord(joint_names=(*names, embodiment.gripper.joint))
        self._stage = Stage()

    def run(self) -> int:
        """Start, run, stop, report."""
        self._console.print(f"zr0 sim: everything goes to {self._folder}", highlight=False, soft_wrap=True)
        problem, is_interrupted = "", False
        with self._supervisor:
            self._supervisor.start()
            try:
                self._listen_and_run()
            except Zr0Error as error:
                problem = str(error)
            except KeyboardInterrupt:
                is_interrupted = True
                self._console.print("zr0 sim: interrupted, ending all in order")
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            exits = self._supervisor.stop()
        failures = [problem, *(str(end) for end in exits if not end.is_clean)]
        if is_interrupted:
            failures.append("interrupted before the end")
        has_failed = self._report([text for text in failures if text])
        return INTERRUPTED if is_interrupted else int(has_failed)

    def _listen_and_run(self) -> None:
        reuse_image_memory()
        open_context()
        node = SessionNode(self._record, self._embodiment, self._cameras, has_images=not self._options.no_video)
        listener = ListenerThread(node)
        try:
            self._run_episodes(node, listener)
        finally:
            listener.close()

    def _run_episodes(self, node: SessionNode, listener: ListenerThread) -> None:
        watched = {} if self._options.no_video else self._cameras
        view = LiveView(
            self._console,
            lambda: status_rows(self._record, self._stage, watched, node.now_s),
            lambda: status_line(self._record, self._stage, watched, node.now_s),
        )

        def on_wait() -> None:
            listener.raise_error()
            for end in self._supervisor.poll():
                raise NodeDiedError(self._describe(end))
            view.update(node.now_s)

        runner = SessionRunner(
            node, Operator(node, listener.in_executor, on_wait), self._embodiment, self._stage, on_wait
        )
        with view:
            runner.wait_until_ready(("/joint_states", "/sim/status", "/zr0/policy_status", "/zr0/controller_status"))
            view.say(f"ready after {node.now_s:.1f} s")
            recorder = None if self._options.no_video else self._recorder(node)
            try:
                runner.run(self._plan())
            finally:
                if recorder is not None:
                    recorder.close()

    def _plan(self) -> EpisodePlan:
        return EpisodePlan(
            task=str(self._values["task"]),
            num_episodes=self._options.episodes,
            duration_s=self._options.duration,
            first_seed=int(self._values["seed"]),
            is_dry_run=bool(self._values["dry_run"]),
        )

    def _recorder(self, node: SessionNode) -> VideoRecorder:
        cameras = self._embodiment.cameras

        def images() -> list[ImageArray | None]:
            newest = [node.latest.images.get(camera.name) for camera in cameras]
            return [decode_image(message) if message is not None else None for message in newest]

        composer = FrameComposer(
            [camera.name for camera in cameras], [(camera.width, camera.height) for camera in cameras]
        )
        return VideoRecorder(
            self._folder / "cameras.mp4", composer, images, lambda: caption(self._record, self._stage, node.now_s)
        )

    @staticmethod
    def _describe(end: ProcessExit) -> str:
        tail = "\n".join(f"    {line}" for line in last_lines(end.log, LOG_LINES_SHOWN))
        return f"{end} while the session ran; the end of its log {end.log}:\n{tail}"

    def _report(self, failures: list[str]) -> bool:
        """Write and print what came out; return whether anything failed."""
        judgement = judge(
            self._record,
            self._embodiment.arm.hardware_limits,
            is_success_expected=self._values["policy"] == NEVER_FAILS,
        )
        title = f"zr0 sim: policy {self._values['policy']}, task {self._values['task']}, {self._embodiment.name}"
        no_timeline = self._save("timeline.png", lambda path: draw_timeline(self._record, title, path))
        judgement = replace(judgement, failures=(*failures, *judgement.failures, *no_timeline))
        context = RunContext(
            arguments={**self._values, "episodes": self._options.episodes, "duration": self._options.duration},
            embodiment=f"{self._embodiment.name} {self._embodiment.content_hash}",
            ros_distribution=os.environ.get("ZR0_ROS_DISTRO", os.environ.get("ROS_DISTRO", "unknown")),
        )
        report = make_report(self._record, judgement, context)
        no_report = self._save("report.json", lambda path: write_report(path, report))
        judgement = replace(judgement, failures=(*judgement.failures, *no_report))
        print_summary(self._console, self._record, judgement, self._folder)
        return bool(judgement.failures)

    def _save(self, name: str, write: Callable[[Path], None]) -> list[str]:
        """Write a file of the run; return what went wrong with it, so that the rest is still told."""
        try:
            write(self._folder / name)
        except OSError as error:
            (self._folder / f".{name}.part").unlink(missing_ok=True)
            return [f"there is no {name}, since it could not be written: {error}"]
        return []
