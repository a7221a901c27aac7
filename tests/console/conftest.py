"""A whole gateway with a console, and somebody signed in at it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.browser import Browser
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.app.people import people_of

BOSS = Actor("boss", Role.ADMIN, "command line")


@pytest.fixture
async def watched(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    """A gateway with a console; `demo` is its admin, `otto` an operator, `vera` a viewer."""
    made = WholeGateway(tmp_path / "data", customer, more='\n[console]\nlisten = "127.0.0.1:0"\n')
    await made.start()
    people, now = people_of(made.gateway.store), made.clock.now()
    await people.put_operator(BOSS, "demo", Role.ADMIN, "demo-console", now)
    await people.put_operator(BOSS, "otto", Role.OPERATOR, "otto-console", now)
    await people.put_operator(BOSS, "vera", Role.VIEWER, "vera-console", now)
    yield made
    await made.stop()


@pytest.fixture
async def browser(watched: WholeGateway) -> AsyncIterator[Browser]:
    """The admin's browser, signed in."""
    async with Browser(watched.console) as made:
        assert await made.sign_in() == 200
        yield made
