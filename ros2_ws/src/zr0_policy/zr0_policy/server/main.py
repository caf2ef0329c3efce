"""Serve a policy over a websocket: `zr0-serve`."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error
from zr0_core.policy import PolicyContext, make_policy

from zr0_policy.server.access import check_exposure, read_key, resolve
from zr0_policy.server.arguments import DEFAULT_CHECKPOINT, DEFAULT_POLICY, DESCRIPTION, EPILOG, add_arguments
from zr0_policy.server.description import describe
from zr0_policy.server.request import RequestReader
from zr0_policy.server.websocket_server import Endpoint, PolicyServer

_logger = logging.getLogger(__name__)


def main() -> int:
    """Read the command line and serve until interrupted; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="zr0-serve",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # `--key SECRET` must not be read as a key file and shown in an error.
        allow_abbrev=False,
    )
    add_arguments(parser)
    return run_serve(parser.parse_args())


def run_serve(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM.

    Returns:
        0 after a signal, 2 where it cannot serve, with the reason on the standard error output.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Its account of every connection; what matters of it is told here.
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        asyncio.run(_serve(make_server(options)))
    except Zr0Error as error:
        sys.stderr.write(f"zr0-serve: {error}\n")
        return 2
    except KeyboardInterrupt:
        # Only while the policy is loading: later signals end the server in order.
        sys.stderr.write("zr0-serve: interrupted before it served\n")
        return 130
    return 0


def make_server(options: argparse.Namespace) -> PolicyServer:
    """Build the server from parsed options: first what fails at once, then the policy.

    Raises:
        Zr0Error: An option does not fit, or the policy cannot be built.
    """
    key = read_key(options.key_file, os.environ)
    address = resolve(options.host)
    warning = check_exposure(address, has_key=key is not None, is_anyone_allowed=options.allow_anyone)
    if warning is not None:
        _logger.warning("%s", warning)
    embodiment = Embodiment.load(options.embodiment)
    reader = RequestReader(embodiment)
    checkpoint = options.checkpoint
    if checkpoint is None:
        checkpoint = DEFAULT_CHECKPOINT if options.policy == DEFAULT_POLICY else ""
    policy = make_policy(
        options.policy,
        PolicyContext(
            embodiment=embodiment,
            checkpoint=checkpoint,
            device=options.device,
            seed=options.seed,
            checkpoint_facts=options.checkpoint_facts,
            dtype=options.dtype,
            engine=options.engine,
            precision=options.precision,
            num_samples=options.num_samples,
        ),
    )
    metadata = describe(policy, embodiment, Path(checkpoint).name, reader.max_bytes)
    return PolicyServer(policy, reader, metadata, Endpoint(address=address, port=options.port, key=key))


async def _serve(server: PolicyServer) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        _logger.info("%s: ending in order, a second one ends at once", number.name)
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    async with server.running() as place:
        _logger.info("serving at ws://%s; Ctrl-C ends", place)
        await stopping.wait()
    latency = server.latencies.summary()
    _logger.info(
        "ended after %d inferences: p50 %.1f ms, p99 %.1f ms, longest %.1f ms",
        latency.count,
        latency.p50 * 1e3,
        latency.p99 * 1e3,
        latency.maximum * 1e3,
    )


if __name__ == "__main__":
    sys.exit(main())
