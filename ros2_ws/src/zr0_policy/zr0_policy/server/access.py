"""Who may reach the server: where it listens, and the key that clients send."""

import hmac
import ipaddress
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from zr0_core.errors import Zr0Error

KEY_VARIABLE = "ZR0_SERVER_KEY"
"""Environment variable that may hold the key."""
SHORTEST_KEY = 16
"""Characters of a key."""
_SCHEME = "Api-Key "


def read_key(path: Path | None, environment: Mapping[str, str]) -> str | None:
    """Return the key that clients must send, from a file or else from the environment; None where neither has one.

    Args:
        path: A file with nothing but the key, or None.
        environment: Environment variables.

    Raises:
        Zr0Error: The file cannot be read, or the key is too short or has characters that no HTTP header holds.
    """
    if path is not None:
        try:
            text, source = path.read_text(encoding="utf-8"), f"key file {path}"
        except (OSError, UnicodeDecodeError) as error:
            raise Zr0Error(f"key file {path} cannot be read: {error}") from error
    elif KEY_VARIABLE in environment:
        text, source = environment[KEY_VARIABLE], f"environment variable {KEY_VARIABLE}"
    else:
        return None
    key = text.strip()
    if len(key) < SHORTEST_KEY or not all("!" <= character <= "~" for character in key):
        raise Zr0Error(
            f"{source} holds no usable key: expected at least {SHORTEST_KEY} printable ASCII characters without "
            "spaces, such as the output of `openssl rand -hex 32`"
        )
    return key


def is_authorised(key: str, headers: Sequence[str]) -> bool:
    """Return whether the `Authorization` headers of a request carry the key, in a time that does not tell how nearly.

    Args:
        key: The server's key.
        headers: Every `Authorization` header of the request.
    """
    # Bytes, because the texts of two headers compare in constant time only where they are ASCII.
    expected = (_SCHEME + key).encode()
    return len(headers) == 1 and hmac.compare_digest(headers[0].encode("utf-8", "surrogateescape"), expected)


def resolve(host: str) -> str:
    """Return the address of a host name or address: of internet protocol version 4 where it has one.

    Raises:
        Zr0Error: It has none.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Zr0Error(f"host {host!r} is no address: {error}; use 127.0.0.1 to listen at this machine only") from error
    return min((ipaddress.ip_address(entry[4][0]) for entry in found), key=lambda address: address.version).compressed


def check_exposure(address: str, *, has_key: bool, is_anyone_allowed: bool) -> str | None:
    """Decide whether the server may listen at an address.

    Returns:
        What listening there means, where others than this machine can reach it; None where they cannot.

    Raises:
        Zr0Error: Others could use the policy without a key, and that was not asked for.
    """
    if ipaddress.ip_address(address).is_loopback:
        return None
    where = f"{address} can be reached from other machines"
    if has_key:
        return f"{where}; images, actions and the key travel unencrypted: use it in a network that you trust"
    if is_anyone_allowed:
        return f"{where} and no key is asked for: whoever reaches this port can use the policy, unencrypted"
    raise Zr0Error(
        f"{where}, and there is no key: give one (--key-file FILE, or the environment variable {KEY_VARIABLE}), listen "
        "at 127.0.0.1 behind an ssh tunnel, or say --allow-anyone"
    )
