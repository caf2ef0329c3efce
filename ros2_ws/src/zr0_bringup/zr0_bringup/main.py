"""Carry out one command inside the prepared environment: `python -m zr0_bringup.main COMMAND ...`."""

import sys
from collections.abc import Sequence

from zr0_bringup.command_line import make_parser, spread_assignments


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code.

    Imports wait until the command is known: the tests need none of what the simulation does.
    """
    options = make_parser().parse_args(spread_assignments(arguments))
    if options.command == "up":
        from zr0_bringup.commands.up import run_up

        return run_up(options)
    if options.command == "sim":
        from zr0_bringup.commands.sim import run_sim

        return run_sim(options)
    if options.command == "serve":
        from zr0_policy.server.main import run_serve

        return run_serve(options)
    if options.command == "inspect":
        from zr0_policy.checkpoint.inspect import run_inspect

        return run_inspect(options)
    if options.command == "doctor":
        from zr0_bringup.commands.doctor import run_doctor

        return run_doctor(options)
    from zr0_bringup.commands.test import run_test

    return run_test(options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
