import socket
from pathlib import Path

import pytest
from zr0_core.errors import Zr0Error
from zr0_policy.server.access import KEY_VARIABLE, check_exposure, is_authorised, read_key, resolve

KEY = "0123456789abcdef"


def test_a_key_comes_from_the_file_or_else_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    other = {KEY_VARIABLE: "fedcba9876543210 \n"}
    assert read_key(path, {}) == KEY
    assert read_key(path, other) == KEY
    assert read_key(None, other) == "fedcba9876543210"
    assert read_key(None, {}) is None


@pytest.mark.parametrize("text", ["", "\n", "0123456789abcde", "0123456789 abcdef", "0123456789abcdeé"])
def test_a_key_that_cannot_protect_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    for source, variables in ((path, {}), (None, {KEY_VARIABLE: text})):
        with pytest.raises(Zr0Error, match=r"(key file|ZR0_SERVER_KEY).* no usable key: expected at least 16") as error:
            read_key(source, variables)
        assert "0123456789" not in str(error.value)


def test_a_key_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Zr0Error, match=r"key file .*missing cannot be read: .*No such file"):
        read_key(tmp_path / "missing", {KEY_VARIABLE: KEY})
    (tmp_path / "binary").write_bytes(b"\xff" * 20)
    with pytest.raises(Zr0Error, match="binary cannot be read"):
        read_key(tmp_path / "binary", {})


def test_only_the_key_in_one_header_is_authorised() -> None:
    assert is_authorised(KEY, [f"Api-Key {KEY}"])
    refused: list[list[str]] = [
        [],
        [KEY],
        ["Api-Key "],
        [f"Bearer {KEY}"],
        [f"Api-Key {KEY}x"],
        [f"Api-Key {KEY[:-1]}"],
        [f"Api-Key {KEY}", f"Api-Key {KEY}"],
        ["Api-Key \udcff\u00e9"],
    ]
    for headers in refused:
        assert not is_authorised(KEY, headers), headers


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "::1"), ("0.0.0.0", "0.0.0.0"), ("::", "::")],
)
def test_a_host_has_an_address(host: str, address: str) -> None:
    assert resolve(host) == address


def test_a_host_with_addresses_of_both_kinds_is_listened_at_by_version_4(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET6, 1, 6, "", ("::1", 0, 0, 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert resolve("localhost") == "127.0.0.1"


@pytest.mark.parametrize("host", ["256.1.1.1", "a..b"])
def test_a_host_without_address_is_refused(host: str) -> None:
    with pytest.raises(Zr0Error, match=rf"host '{host}' is no address: .*use 127\.0\.0\.1"):
        resolve(host)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.0.1", "::1"])
@pytest.mark.parametrize("has_key", [True, False])
def test_listening_at_this_machine_exposes_nothing(address: str, has_key: bool) -> None:
    assert check_exposure(address, has_key=has_key, is_anyone_allowed=False) is None


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "8.8.8.8"])
def test_listening_beyond_needs_a_key_or_to_be_asked_for(address: str) -> None:
    with pytest.raises(
        Zr0Error, match=r"reached from other machines, and there is no key: .*--key-file.*--allow-anyone"
    ):
        check_exposure(address, has_key=False, is_anyone_allowed=False)
    for is_anyone_allowed in (True, False):
        warning = check_exposure(address, has_key=True, is_anyone_allowed=is_anyone_allowed)
        assert warning is not None
        assert "the key travel unencrypted" in warning
    warning = check_exposure(address, has_key=False, is_anyone_allowed=True)
    assert warning is not None
    assert "whoever reaches this port can use the policy" in warning
