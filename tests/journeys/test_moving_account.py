"""An account moves to another cell under load, with nobody killed: each message is sent and told once, whichever door
was asked, and nobody hears more than "try again".
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from tests.backends import APPLYING, find
from tests.crash.world import PRICE
from tests.fakes.cells import Pair
from tests.fakes.customer import FakeCustomer
from tests.fakes.programs import aldis
from tests.fakes.whole import WholeGateway

from aldis.app import moving_account
from aldis.errors import GatewayError, SettingsError

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LANES = 4


class Load:
    """A customer that sends one message after the other over several connections, at both doors in turn."""

    def __init__(self, doors: list[WholeGateway]) -> None:
        self.accepted: list[str] = []
        self.refused: Counter[str] = Counter()
        self.is_over = False
        self._doors = doors

    async def send(self, lane: int) -> None:
        """Send until it is over."""
        number = 0
        while not self.is_over:
            reference = f"m{lane}-{number}"
            answer = await self._doors[number % 2].genesys(f"4477009{number:03}{lane}01", reference)
            if answer == "result_code=0":
                self.accepted.append(reference)
                number += 1
            else:
                self.refused[answer] += 1

    async def until(self, count: int) -> None:
        """Wait until so many more have been accepted."""
        wanted = len(self.accepted) + count
        while len(self.accepted) < wanted:
            await asyncio.sleep(0.01)


async def test_each_message_is_sent_once_and_told_once(pair: Pair, customer: FakeCustomer) -> None:
    load, said = Load([pair.us, pair.eu]), list[str]()
    async with asyncio.TaskGroup() as group:
        for lane in range(LANES):
            group.create_task(load.send(lane))
        await load.until(60)
        facts = await moving_account.look_at(pair.us.settings, "demo", "eu")
        assert (facts.state, facts.jobs) == ("", 0)
        moved = await moving_account.move(pair.us.settings, "demo", "eu", APPLYING, said.append)
        await load.until(60)
        load.is_over = True
    assert moved.messages >= 60
    count = len(load.accepted)
    assert await pair.eu.all_ended(count) == {"delivered": count}
    assert await pair.us.gateway.store.metrics.count_by_state() == {}
    directory = await pair.us.gateway.store.directory.load()
    assert directory.accounts["demo"].cell == "eu"
    balance = await pair.eu.gateway.store.queries.balance(directory.accounts["demo"].account_id)
    assert (balance.held, balance.spent) == (0, PRICE * count)
    assert set(load.refused) <= {"result_code=98"}
    assert Counter(received.text for received in pair.eu.received()) == {"Hello": count}
    while len(told := Counter(came.form["message_id"] for came in customer.to("/genesys"))) < count:
        await asyncio.sleep(0.05)
    assert set(told.values()) == {1}
    assert not await find(pair.us.gateway.store, "")


async def test_what_cannot_be_moved_is_said(pair: Pair) -> None:
    us = pair.us.settings
    for account, cell, said in (
        ("demo", "asia", "there is no cell `asia`: there are eu, us"),
        ("demo", "us", "demo lives in cell `us` already"),
        ("nobody", "eu", "there is no account `nobody`"),
    ):
        with pytest.raises(GatewayError, match=said):
            await moving_account.move(us, account, cell, APPLYING, print)
    with pytest.raises(SettingsError, match="demo is not being moved from"):
        await moving_account.abandon(us, "demo", "eu")


def test_the_command_line_says_what_is_wrong_in_one_sentence(tmp_path: Path) -> None:
    ended = aldis("cell", "move", "demo", "--to", "us", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (2, "aldis: the settings name no cells (`[cells]`)\n")
