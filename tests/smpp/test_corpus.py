"""Octets that once were trouble, for us or for others: each file says where it comes from and what is
expected.

`make interop` looks for more with a fuzzer, which begins with these; what it finds is added here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.smpp.exercise import exercise

from aldis.errors import RemoteProtocolError
from aldis.smpp import codec, status
from aldis.smpp.connection import Connection, SessionEnded
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers

FILES = sorted((Path(__file__).parent / "corpus").glob("*.hex"))


def octets_of(path: Path) -> bytes:
    return bytes.fromhex("".join(line for line in path.read_text().splitlines() if not line.startswith("#")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_once_was_trouble(path: Path) -> None:
    octets = octets_of(path)
    (expected,) = (
        line.removeprefix("# expects: ")
        for line in path.read_text().splitlines()
        if line.startswith("# expects: ")
    )
    exercise(octets)
    if expected == "closed":
        connection: Connection[None] = Connection(Role.SMSC, 0.0, Timers())
        (event,) = connection.receive(octets, 0.0)
        assert isinstance(event, SessionEnded)
    elif expected == "decoded":
        while octets:
            size = codec.length(octets, 0)
            codec.decode(octets[:size])
            octets = octets[size:]
    else:
        with pytest.raises(RemoteProtocolError) as fault:
            codec.decode(octets)
        assert status.name(fault.value.command_status) == expected
