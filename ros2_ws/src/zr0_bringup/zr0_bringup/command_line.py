"""The commands and options of `./zr0`. Standard library only: read before anything is installed."""

import argparse
from collections.abc import Callable, Sequence

from zr0_policy.checkpoint import inspect_arguments as inspecting
from zr0_policy.server import arguments as serving

from zr0_bringup.arguments import LaunchArgument, Scalar
from zr0_bringup.bringups import bringups
from zr0_bringup.graph import Graph

DESCRIPTION = """\
ZR-0 on ROS 2: a vision-language-action model drives an xArm, simulated or real.

The first command sets up a virtual environment and builds the workspace (some minutes);
later ones start at once. With a ROS 2 distribution sourced that one is used."""

EPILOG = """\
first steps:
  ./zr0 sim                                   the model drives the simulated arm for a minute
  ./zr0 sim --policy scripted --episodes 3    a scripted operator does the same task, and succeeds
  ./zr0 doctor                                what is there, what is missing, what to do
  ./zr0 test                                  all checks and tests
  ./zr0 serve                                 the model for other simulators and benchmarks, over a websocket
a real arm:
  ./zr0 up xarm --robot-ip 192.168.1.200 --dry-run true
                                              everything but motion; then without --dry-run
  ./zr0 run -- ros2-tool-or-script ...        anything else, in the same environment
Options of bring-ups can also be written as in ROS: ./zr0 up xarm robot_ip:=192.168.1.200"""


def make_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command line."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="zr0", description=DESCRIPTION, epilog=EPILOG, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    graphs = bringups()
    _add_sim(_command(commands, "sim", "run the stack on the simulated arm, and report"), graphs["sim"])
    up = _command(commands, "up", "start the nodes and keep them running until Ctrl-C")
    kinds = up.add_subparsers(dest="bringup", required=True, metavar="BRINGUP")
    for graph in graphs.values():
        _add_up(_command(kinds, graph.name, graph.description), graph)
    _add_serve(commands)
    inspecting.add_arguments(_command(commands, "inspect", "say what a checkpoint holds and whether it can be served"))
    doctor = _command(commands, "doctor", "say what is there, what is missing and what to do about it")
    doctor.add_argument("--no-probes", action="store_true", help="leave out what takes seconds: images, renderers")
    _add_test(_command(commands, "test", "run linters, types and tests"))
    setup = _command(commands, "setup", "only set up what is missing")
    setup.add_argument("--development", action="store_true", help="also what ./zr0 test needs")
    run = _command(commands, "run", "run any program in the prepared environment: ./zr0 run -- PROGRAM ...")
    run.add_argument("program", nargs="+", help="the program and its arguments, after --")
    _command(commands, "shell-env", 'print the environment for a shell: eval "$(./zr0 shell-env)"')
    return parser


def spread_assignments(arguments: Sequence[str]) -> list[str]:
    """Turn `name:=value`, as ROS writes it, into `--name value`; what follows `--` stays."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    spread: list[str] = []
    for argument in arguments[:end]:
        name, sign, value = argument.partition(":=")
        spread += [option_of(name), value] if sign and name.isidentifier() else [argument]
    return spread + list(arguments[end:])


def option_of(name: str) -> str:
    """Return the command-line option of a launch argument."""
    return "--" + name.replace("_", "-")


def argument_values(options: argparse.Namespace, graph: Graph) -> dict[str, Scalar]:
    """Return the launch arguments of a graph from parsed options."""
    return {argument.name: getattr(options, argument.name) for argument in graph.arguments}


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    _add_ros(parser, argparse.SUPPRESS if name in bringups() and commands.dest == "bringup" else None)
    return parser


def _add_serve(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "serve",
        help="serve a policy over a websocket, to clients of ZR-0 and of openpi",
        description=serving.DESCRIPTION,
        epilog=serving.EPILOG.replace("zr0-serve", "./zr0 serve"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # `--key SECRET` must not be read as a key file and shown in an error.
        allow_abbrev=False,
    )
    _add_ros(parser, None)
    serving.add_arguments(parser)


def _add_ros(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--ros",
        metavar="DISTRIBUTION",
        default=default,
        help="jazzy or kilted; each has its own environment and build",
    )


def _add_graph(parser: argparse.ArgumentParser, graph: Graph) -> None:
    group = parser.add_argument_group("arguments of the bring-up, the same in the launch file")
    for argument in graph.arguments:
        names = list(dict.fromkeys((option_of(argument.name), f"--{argument.name}")))
        group.add_argument(
            *names,
            dest=argument.name,
            type=_reader(argument),
            default=argument.default,
            required=argument.is_required,
            metavar="|".join(argument.choices) or type(argument.default).__name__.upper(),
            help=argument.description,
        )


def _reader(argument: LaunchArgument) -> Callable[[str], Scalar]:
    def read(text: str) -> Scalar:
        try:
            return argument.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _add_sim(parser: argparse.ArgumentParser, graph: Graph) -> None:
    parser.add_argument(
        "--episodes", type=_at_least_one, default=1, metavar="N", help="how often the task is set up and tried"
    )
    parser.add_argument("--duration", type=_positive, default=60.0, metavar="S", help="longest episode, seconds")
    parser.add_argument("--output", default="runs", metavar="FOLDER", help="a folder per run is made in this one")
    parser.add_argument("--no-video", action="store_true", help="leave out the video, which costs some CPU time")
    _add_graph(parser, graph)


def _add_up(parser: argparse.ArgumentParser, graph: Graph) -> None:
    parser.add_argument("--keep-going", action="store_true", help="a node that dies does not end the others")
    parser.add_argument("--output", default="runs", metavar="FOLDER", help="logs go into a folder made in this one")
    _add_graph(parser, graph)


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", action="store_true", help="only the tests that start ROS nodes")
    parser.add_argument("--unit", action="store_true", help="only linters, types and tests without ROS nodes")
    parser.add_argument("paths", nargs="*", help="only these tests, without linters")


def _positive(text: str) -> float:
    value = float(text)
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} must be a number above 0")
    return value


def _at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} must be a whole number from 1")
    return value
