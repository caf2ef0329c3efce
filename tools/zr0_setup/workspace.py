"""The colcon workspace: built when what it is built from has changed."""

import shutil

from zr0_setup.environment import ENVIRONMENT_FILE, save_workspace_environment, tool_environment
from zr0_setup.layout import Layout
from zr0_setup.progress import run_step
from zr0_setup.ros import SourcedRos
from zr0_setup.stamps import hash_workspace, read_stamp, write_stamp

STAMP = "zr0-workspace.json"


class Workspace:
    """The workspace of one layout."""

    def __init__(self, layout: Layout, sourced: SourcedRos | None) -> None:
        self._layout = layout
        self._sourced = sourced

    def is_built(self) -> bool:
        """Whether the build is whole and made from the present sources and packages."""
        stamp = read_stamp(self._layout.install / STAMP)
        return stamp.get("hash") == self._hash() and (self._layout.install / ENVIRONMENT_FILE).exists()

    def build(self) -> None:
        """Build all packages.

        Raises:
            SetupError: colcon failed; the message holds the end of its output.
        """
        stamp = self._layout.install / STAMP
        if read_stamp(stamp).get("packages") != self._packages():
            for folder in (self._layout.build, self._layout.install):
                shutil.rmtree(folder, ignore_errors=True)
        stamp.unlink(missing_ok=True)
        content = {"hash": self._hash(), "packages": self._packages()}
        run_step(
            f"building the workspace for ROS 2 {self._layout.distribution}",
            [
                str(self._layout.venv / "bin" / "colcon"),
                f"--log-base={self._layout.log}",
                "build",
                "--symlink-install",
                f"--base-paths={self._layout.workspace / 'src'}",
                f"--build-base={self._layout.build}",
                f"--install-base={self._layout.install}",
                "--event-handlers=console_cohesion+",
            ],
            log=self._layout.state / "build.log",
            environment=tool_environment(self._layout, self._sourced),
            folder=self._layout.workspace,
            advice=f"If the reason below does not help, remove {self._layout.build} and run this again.",
        )
        save_workspace_environment(self._layout, self._sourced)
        write_stamp(stamp, content)

    def _hash(self) -> str:
        return hash_workspace(self._layout.workspace / "src", self._packages())

    def _packages(self) -> str:
        """Which installation the build belongs to: messages built against another one do not load."""
        return read_stamp(self._layout.venv / "zr0-ros.json").get("hash", "none")
