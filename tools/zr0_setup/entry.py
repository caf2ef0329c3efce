"""The command line behind `./zr0`: understand the command first, set up what it needs, hand over to it."""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from zr0_bringup.command_line import make_parser, spread_assignments

from zr0_setup.environment import runtime_environment
from zr0_setup.errors import SetupError
from zr0_setup.layout import VARIABLE, Layout, chosen_distribution
from zr0_setup.machine import machine_checks
from zr0_setup.prepare import Setup, find_setup

RUNTIME = ("ros", "runtime")
DEVELOPMENT = (*RUNTIME, "development")
OPTION_OF_ENVIRONMENT = "ZR0_CHECKS"


def run(root: str, arguments: Sequence[str]) -> int:
    """Run one command of `./zr0`.

    Args:
        root: The checkout.
        arguments: The command line without the program's name.

    Returns:
        The exit code; most commands replace this process instead.
    """
    options = make_parser().parse_args(spread_assignments(arguments))
    try:
        layout = Layout(root=Path(root), distribution=chosen_distribution(options.ros))
        return _dispatch(options, find_setup(layout), arguments)
    except SetupError as error:
        sys.stderr.write(f"zr0: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nzr0: interrupted; run the same command again to go on\n")
        return 130


def _dispatch(options: argparse.Namespace, setup: Setup, arguments: Sequence[str]) -> int:
    command = options.command
    if command == "doctor":
        return _doctor(setup, arguments)
    setup.ensure(DEVELOPMENT if command == "test" or (command == "setup" and options.development) else RUNTIME)
    if command == "setup":
        return 0
    environment = runtime_environment(setup.layout, setup.sourced)
    if command == "shell-env":
        sys.stdout.write(shell_exports(environment, os.environ))
        return 0
    if command == "run":
        return _replace(options.program, environment)
    return _replace([str(setup.layout.python), "-m", "zr0_bringup.main", *arguments], environment)


def _doctor(setup: Setup, arguments: Sequence[str]) -> int:
    checks = machine_checks(setup.layout, setup.sourced is not None)
    if setup.is_ready(RUNTIME):
        environment = runtime_environment(setup.layout, setup.sourced)
        environment[OPTION_OF_ENVIRONMENT] = json.dumps([check.as_dict() for check in checks])
        return _replace([str(setup.layout.python), "-m", "zr0_bringup.main", *arguments], environment)
    for check in checks:
        sys.stdout.write(f"{'ok     ' if check.is_ok else 'MISSING'}  {check.name}: {check.found}\n")
        if check.advice:
            sys.stdout.write(f"         {check.advice}\n")
    source = f"sourced ROS 2, {setup.sourced.python}" if setup.sourced else "the pinned wheels"
    sys.stdout.write(
        f"MISSING  Set-up: ROS 2 {setup.layout.distribution} from {source} is not set up, or has changed\n"
        "         ./zr0 setup (any other command does it too); then ./zr0 doctor looks at the rest\n"
    )
    return 1


def _replace(command: Sequence[str], environment: dict[str, str]) -> int:
    """Become another program, so that signals and exit codes need no passing on."""
    sys.stdout.flush()
    try:
        os.execvpe(command[0], list(command), environment)
    except OSError as error:
        raise SetupError(f"cannot run {command[0]!r}: {error.strerror}") from error


def shell_exports(environment: dict[str, str], present: "os._Environ[str] | dict[str, str]") -> str:
    """Write what differs from the present environment as lines for a shell to evaluate."""
    changed = {name: value for name, value in environment.items() if present.get(name) != value}
    lines = [f"export {name}={shlex.quote(changed[name])}\n" for name in sorted(changed)]
    lines += [f"unset {name}\n" for name in sorted(set(present) - set(environment))]
    return "".join(lines)


__all__ = ["VARIABLE", "run", "shell_exports"]
