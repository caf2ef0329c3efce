"""Run a control box with an arm without dynamics: `zr0-box`."""

import argparse
import logging
import signal
import threading

from zr0_core.embodiment import Embodiment
from zr0_core.errors import Zr0Error

from zr0_sim.box.box import Box, BoxConfig


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="zr0-box", description=__doc__)
    parser.add_argument("--embodiment", default="xarm7_gripper", help="name or YAML file of the robot")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve at")
    parser.add_argument("--control-port", type=int, default=502, help="port for commands (the SDK expects 502)")
    parser.add_argument("--rs485-latency", type=float, default=0.008, help="gripper round trip, s")
    arguments = parser.parse_args()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        box = Box(
            BoxConfig(
                embodiment=Embodiment.load(arguments.embodiment),
                host=arguments.host,
                control_port=arguments.control_port,
                rs485_latency=arguments.rs485_latency,
            )
        )
        box.start()
    except (Zr0Error, ValueError, OSError) as error:
        parser.exit(1, f"zr0-box: {error}\n")
    stopping.wait()
    box.stop()


if __name__ == "__main__":
    main()
