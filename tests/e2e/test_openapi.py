"""schemathesis reads the OpenAPI document of a running gateway and asks whatever it allows, and what it does not:
nothing may fail, and every answer must be as the document says.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

#: examples of each call; all of it takes about a minute
EXAMPLES = "40"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)


@pytest.fixture
async def watched(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    """A gateway with a console, on loopback."""
    made = WholeGateway(tmp_path / "data", customer, more='\n[console]\nlisten = "127.0.0.1:0"\n')
    await made.start()
    yield made
    await made.stop()


#: the stream of events goes on when it was answered: whoever reads it waits as long as a request may take
STREAM = "/v1/events"


@pytest.mark.parametrize(
    "which",
    [
        (f"--exclude-path={STREAM}", "--request-timeout=10"),
        (f"--include-path={STREAM}", "--request-timeout=1"),
    ],
    ids=["calls", "stream"],
)
async def test_every_call_does_as_it_is_described(
    watched: WholeGateway, tmp_path: Path, which: tuple[str, ...]
) -> None:
    boss = Actor("boss", Role.ADMIN, "command line")
    people = people_of(watched.gateway.store)
    key = await people.make_token(boss, "prober", Role.ADMIN, 0, watched.clock.now())
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{watched.console}/v1/openapi.json",
        f"--header=Authorization: Bearer {key}",
        f"--checks={','.join(CHECKS)}",
        f"--max-examples={EXAMPLES}",
        "--phases=examples,coverage,fuzzing,stateful",
        "--seed=7",
        "--no-color",
        *which,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-20_000:]
