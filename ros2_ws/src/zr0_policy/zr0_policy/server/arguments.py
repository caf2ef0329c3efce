"""The command line of the server. Standard library only: read before anything is installed."""

import argparse
from pathlib import Path

DESCRIPTION = """\
Serve a policy over a websocket, to clients of ZR-0 and of openpi: other simulators, benchmarks, your own programs."""

EPILOG = """\
examples:
  zr0-serve                                        the shipped demonstration weights, for this machine only
  zr0-serve --checkpoint runs/my_run --device cuda your own weights, on a GPU
  zr0-serve --policy hold                          no model: answers every state with itself, to try a client
  curl http://127.0.0.1:8000/healthz               OK as soon as it serves
a client, with `pip install openpi-client`:
  policy = openpi_client.websocket_client_policy.WebsocketClientPolicy("127.0.0.1", 8000)
  print(policy.get_server_metadata())              what it wants: camera keys, names of the state, horizon
  policy.infer({"observation.images.front": rgb, "observation.images.wrist": rgb,
                "observation.state": state, "prompt": "put the red cube into the blue bin"})["actions"]
from another machine, encrypted, without opening a port:
  ssh -L 8000:127.0.0.1:8000 this-machine          then the client connects to 127.0.0.1:8000 there
in a network that you trust:
  openssl rand -hex 32 > key && zr0-serve --host 0.0.0.0 --key-file key
                                                   clients: WebsocketClientPolicy(host, 8000, api_key=...)"""


DEFAULT_POLICY = "zr0"
DEFAULT_CHECKPOINT = "zr0_tiny_xarm7"
"""What the default policy serves where no checkpoint is named. Other policies may have no weights."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the server."""
    parser.add_argument(
        "--policy",
        default=DEFAULT_POLICY,
        help="which policy: zr0, hold, or any other that is installed (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="NAME|FOLDER",
        help=f"weights: a shipped name or a folder; {DEFAULT_POLICY} serves {DEFAULT_CHECKPOINT} where none is named",
    )
    parser.add_argument(
        "--checkpoint-facts",
        default="",
        metavar="FOLDER",
        help="robot, options, provenance and statistics for a checkpoint without them, such as a published one",
    )
    parser.add_argument(
        "--embodiment",
        default="xarm7_gripper",
        metavar="NAME|FILE",
        help="the robot: a shipped name or a YAML file (default: %(default)s)",
    )
    parser.add_argument(
        "--device", default="cpu", help="torch device of the model, such as cpu or cuda (default: %(default)s)"
    )
    parser.add_argument(
        "--dtype", default="auto", help="what the model computes in: float32, bfloat16 or auto (default: %(default)s)"
    )
    parser.add_argument(
        "--engine",
        default="auto",
        help="how the model is run: readable, fast, graph, compiled or auto (default: %(default)s)",
    )
    parser.add_argument(
        "--precision",
        default="full",
        help="what weights are multiplied in: full, float8_expert or float8 (default: %(default)s)",
    )
    parser.add_argument(
        "--num-samples",
        type=int,
        default=1,
        help="chunks sampled per request; the one that the others agree with is sent (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the sampling noise; every episode starts from it (default: %(default)s)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen at; 127.0.0.1 is this machine only, 0.0.0.0 all networks (default: %(default)s)",
    )
    parser.add_argument(
        "--port", type=_port, default=8000, help="TCP port to listen at; 0 takes any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="FILE",
        help="file with the key that clients must send; without it the environment variable ZR0_SERVER_KEY is used",
    )
    parser.add_argument(
        "--allow-anyone", action="store_true", help="listen beyond this machine without a key, for whoever gets there"
    )


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port, expected 0 to 65535")
    return value
