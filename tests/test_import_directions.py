"""Who may import whom. The rules are those of docs/architecture.md; a new import that breaks one fails here."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "ros2_ws" / "src"

MAY_IMPORT = {
    "zr0_core": set[str](),
    "zr0_policy": {"zr0_core"},
    "zr0_xarm": {"zr0_core"},
    "zr0_teleop": {"zr0_core"},
    "zr0_sim": {"zr0_core"},
    "zr0_training": {"zr0_core", "zr0_policy"},
    "zr0_bringup": {"zr0_core", "zr0_policy", "zr0_xarm", "zr0_teleop", "zr0_sim", "zr0_training"},
}
"""Packages of this workspace that each may import, besides itself and, under `ros/`, the messages."""

PLACES = {
    "torch": ("zr0_policy", "zr0_training"),
    "torchvision": ("zr0_policy", "zr0_training"),
    "transformers": ("zr0_policy", "zr0_training"),
    "safetensors": ("zr0_policy", "zr0_training"),
    "mujoco": ("zr0_sim",),
    "xarm": ("zr0_xarm/driver",),
    "ruckig": ("zr0_xarm",),
    "cv2": ("zr0_core/images.py", "zr0_policy", "zr0_sim", "zr0_bringup"),
}
"""Foreign modules and the only places, within their package, that may import them."""

ROS_MODULES = {
    "rclpy",
    "builtin_interfaces",
    "launch",
    "launch_ros",
    "rcl_interfaces",
    "rosidl_runtime_py",
    "std_srvs",
}

IMPORTERS = ("importlib.import_module", "import_module", "__import__")


@dataclass(frozen=True)
class Import:
    """One import statement."""

    path: Path
    """The file, relative to the source folder, without the package's outer folder."""
    line: int
    """Its line."""
    module: str
    """The module that is imported."""

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.module.partition(".")[0]

    @property
    def package(self) -> str:
        """The package that the file is in."""
        return self.path.parts[0]

    @property
    def is_in_ros_folder(self) -> bool:
        """Whether the file is under the package's `ros/` folder."""
        return len(self.path.parts) > 2 and self.path.parts[1] == "ros"

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def imports_of(text: str, path: Path) -> Iterator[Import]:
    """Find every import statement, also inside functions, and calls of `import_module` with a literal."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield Import(path, node.lineno, node.module or "")
        elif isinstance(node, ast.ImportFrom):
            yield Import(path, node.lineno, path.parts[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in IMPORTERS and node.args:
            yield Import(path, node.lineno, str(getattr(node.args[0], "value", "")))


def problems_of(found: Import) -> Iterator[str]:
    """Yield the rules that an import breaks."""
    is_ros = found.top in ROS_MODULES or found.top.endswith("_msgs")
    if is_ros and not found.is_in_ros_folder:
        yield f"{found}: ROS is imported only under {found.package}/ros/"
    if found.top in MAY_IMPORT and found.top not in {found.package, *MAY_IMPORT[found.package]}:
        yield f"{found}: {found.package} may import {', '.join(sorted(MAY_IMPORT[found.package])) or 'no package'} only"
    places = PLACES.get(found.top)
    if places is not None and not any(_is_under(found.path, place) for place in places):
        yield f"{found}: only {', '.join(places)} may"


def _is_under(path: Path, place: str) -> bool:
    return path.parts[: len(Path(place).parts)] == Path(place).parts


def source_files() -> list[Path]:
    """All modules of all packages."""
    return sorted(path for package in MAY_IMPORT for path in (SOURCE / package / package).rglob("*.py"))


def test_every_import_goes_down() -> None:
    files = source_files()
    assert len(files) > 20, "the sources were not found"
    problems = [
        problem
        for path in files
        for found in imports_of(
            path.read_text(encoding="utf-8"), path.relative_to(SOURCE / path.relative_to(SOURCE).parts[0])
        )
        for problem in problems_of(found)
    ]
    assert not problems, "\n".join(problems)


def test_every_package_has_rules() -> None:
    packages = {path.name for path in SOURCE.iterdir() if (path / "setup.py").is_file()}
    assert packages <= set(MAY_IMPORT)


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("zr0_core/joints.py", "import rclpy", "ROS is imported only under zr0_core/ros/"),
        ("zr0_policy/engine.py", "from sensor_msgs.msg import Image", "ROS is imported only under zr0_policy/ros/"),
        ("zr0_core/x.py", "from zr0_xarm.driver import sdk", "zr0_core may import no package only"),
        ("zr0_sim/x.py", "def f():\n    import zr0_xarm", "zr0_sim may import zr0_core only"),
        ("zr0_xarm/ros/controller_node.py", "import torch.nn", "only zr0_policy, zr0_training may"),
        ("zr0_xarm/player.py", "import xarm.wrapper", "only zr0_xarm/driver may"),
        ("zr0_policy/x.py", "importlib.import_module('mujoco')", "only zr0_sim may"),
        ("zr0_core/vectors.py", "import cv2", "only zr0_core/images.py, zr0_policy, zr0_sim, zr0_bringup may"),
    ],
)
def test_a_breach_is_found(path: str, text: str, rule: str) -> None:
    problems = [problem for found in imports_of(text, Path(path)) for problem in problems_of(found)]
    assert len(problems) == 1
    assert rule in problems[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("zr0_xarm/ros/controller_node.py", "import rclpy\nfrom zr0_msgs.msg import ActionChunk"),
        ("zr0_xarm/driver/sdk.py", "from xarm.wrapper import XArmAPI"),
        ("zr0_core/images.py", "import cv2"),
        ("zr0_core/embodiment/arm.py", "from .camera import Camera"),
        ("zr0_bringup/ros/lifecycle_manager_node.py", "import rclpy"),
        ("zr0_bringup/graph.py", "import zr0_sim"),
    ],
)
def test_what_is_allowed_passes(path: str, text: str) -> None:
    assert not [problem for found in imports_of(text, Path(path)) for problem in problems_of(found)]


def loaded_after(statement: str) -> set[str]:
    """Top modules that a fresh Python has loaded after a statement."""
    program = f"import sys\n{statement}\nprint('\\n'.join(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_controller_never_loads_torch() -> None:
    loaded = loaded_after("import zr0_xarm.ros.controller_node")
    assert "rclpy" in loaded
    assert not loaded & {"torch", "transformers", "mujoco", "cv2"}


def test_the_core_loads_neither_ros_nor_torch() -> None:
    modules = sorted(path.stem for path in (SOURCE / "zr0_core" / "zr0_core").glob("*.py") if path.stem != "__init__")
    loaded = loaded_after("import " + ", ".join(f"zr0_core.{module}" for module in modules))
    assert "numpy" in loaded
    assert not loaded & {"rclpy", "torch", "transformers", "mujoco", "xarm"}
