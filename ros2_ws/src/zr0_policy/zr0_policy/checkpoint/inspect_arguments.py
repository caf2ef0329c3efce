"""The command line of `inspect`. Standard library only: read before anything is installed."""

import argparse
from pathlib import Path

DESCRIPTION = "Show what a checkpoint directory holds and whether it can be served, from its headers alone."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("checkpoint", help="name of a shipped checkpoint, or a directory")
    parser.add_argument("--facts", type=Path, help="directory with embodiment, statistics, options and provenance")
    parser.add_argument("--robot", help="embodiment to compare with: name of a shipped one, or a YAML file")
