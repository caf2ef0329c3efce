"""A ROS domain that no other test process of this machine uses."""

import socket

LOCK_PORT = 22119
"""Domain d is held by a listening socket on TCP port LOCK_PORT + d."""
DOMAINS = range(30, 100)
"""Above the domains that people choose by hand; 101 is the last whose ports lie below the ephemeral range."""


class DomainLock:
    """A domain, held until `release` or the end of the process."""

    def __init__(self, domain_id: int, held: socket.socket) -> None:
        self.domain_id = domain_id
        self._held = held

    def release(self) -> None:
        """Let another process have the domain."""
        self._held.close()


def lock_domain() -> DomainLock:
    """Take a free domain.

    Raises:
        RuntimeError: All domains are taken.
    """
    for domain_id in DOMAINS:
        held = socket.socket()
        try:
            held.bind(("127.0.0.1", LOCK_PORT + domain_id))
            held.listen(1)
        except OSError:
            held.close()
            continue
        return DomainLock(domain_id, held)
    raise RuntimeError(f"ROS domains {DOMAINS.start} to {DOMAINS.stop - 1} are all in use; end other test runs")
