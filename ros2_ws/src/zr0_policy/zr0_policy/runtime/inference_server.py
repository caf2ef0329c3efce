"""The program of the inference process: a policy at the end of a pipe. Started by `inference_process` only."""

import logging
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from zr0_core.errors import Zr0Error
from zr0_core.memory import reuse_image_memory
from zr0_core.policy import Policy, make_policy
from zr0_core.scheduling import be_ordinary

from zr0_policy.runtime.inference_protocol import Description, Load, Reply, Request, Reset

_logger = logging.getLogger(__name__)


class InferenceServer:
    """Fulfils one request after the other."""

    def __init__(self) -> None:
        self._policy: Policy | None = None

    def serve(self, pipe: Connection) -> None:
        """Answer until the other side closes the pipe or ends."""
        while True:
            try:
                request: Request = pipe.recv()
            except EOFError:
                return
            try:
                pipe.send(self._reply(request))
            except BrokenPipeError:
                return

    def _reply(self, request: Request) -> Reply:
        try:
            return Reply(value=self._fulfil(request))
        except Zr0Error as error:
            return Reply(error=str(error))
        except Exception as error:
            # The edge to installed policies, which may raise anything.
            _logger.exception("the policy failed")
            return Reply(error=f"{type(error).__name__}: {error}")

    def _fulfil(self, request: Request) -> Any:
        if isinstance(request, Load):
            self._policy = make_policy(request.policy, request.context)
            return Description(
                name=self._policy.name, is_trained=self._policy.is_trained, is_guided=self._policy.is_guided
            )
        assert self._policy is not None, "a policy is loaded first"
        if isinstance(request, Reset):
            self._policy.reset(request.instruction)
            return None
        return self._policy.infer(request.observation, request.overlap)


def main() -> None:
    """Serve the pipe whose file descriptor is the only argument."""
    # Ctrl-C in a terminal reaches the whole group of processes; the node decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    be_ordinary()
    logging.basicConfig(level=logging.INFO, format="[%(levelname)s] %(name)s: %(message)s")
    reuse_image_memory()
    with Connection(int(sys.argv[1])) as pipe:
        InferenceServer().serve(pipe)


if __name__ == "__main__":
    main()
