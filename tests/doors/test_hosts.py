"""Host names that belong to a dialect: there it is served, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from aldis.dialects.registry import POLICIES
from aldis.doors.http.reading import host_of
from tests.doors.stranger import ask
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

PATHS = {
    "sumotext": "/api/sumopost/post",
    "mavorion": "/rest/mtsms/1",
    "skycore": "/API/wxml/1.3/index.php",
    "genesys": "/httpapi/receiver",
    "aldis": "/v1/balance",
    "house": "/health/live",
}


@pytest.fixture
async def bound(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    made = WholeGateway(tmp_path / "data", customer)
    hosts = {name: (f"{name}.Example", f"www.{name}.example") for name in POLICIES}
    http = msgspec.structs.replace(made.settings.http, hosts=hosts)
    made.settings = msgspec.structs.replace(made.settings, http=http)
    await made.start()
    yield made
    await made.stop()


async def status(whole: WholeGateway, host: str, path: str) -> int:
    octets = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    return (await ask(whole.gateway.server, octets))[0]


async def test_a_host_serves_its_dialect_and_nothing_else(bound: WholeGateway) -> None:
    for name in POLICIES:
        for host in (f"{name}.example", f"WWW.{name}.example.:8080"):
            served = {each for each, path in PATHS.items() if await status(bound, host, path) != 404}
            assert served == {name}, host


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "other.example", "[::1]:8080", ""])
async def test_every_other_host_serves_all(bound: WholeGateway, host: str) -> None:
    assert [await status(bound, host, path) == 404 for path in PATHS.values()] == [False] * len(PATHS)


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("a.example", "a.example"),
        (" A.Example:80 ", "a.example"),
        ("a.example.:8080", "a.example"),
        ("[::1]:8080", "[::1]"),
        ("[::1]", "[::1]"),
        ("a:b", "a:b"),
        (":", ":"),
        ("", ""),
    ],
)
def test_the_name_in_a_host_header(header: str, host: str) -> None:
    assert host_of(header) == host
