"""How posting stands, as operators see it: on the page, under /v1 and on the command line."""

from __future__ import annotations

import asyncio

import pytest
from tests.cli.test_traffic import aldis
from tests.console.test_messages import NUMBER, call
from tests.fakes.browser import Browser
from tests.fakes.clock import NOON
from tests.fakes.whole import WholeGateway

from aldis.app.posting import PostingHere
from aldis.cli.postbacks import _worst
from aldis.stages.postbacks.lanes import WaitsFor
from aldis.stages.postbacks.status import LocalFault, PostingStatus, WaitingLane
from aldis.store.contract.outbox import LaneFacts


async def test_faults_of_our_own_and_what_lanes_wait_for_are_shown(
    watched: WholeGateway, browser: Browser
) -> None:
    watched.customer.answers += [503]
    await watched.genesys(NUMBER, "m1")
    while not (lanes := [each for each in await watched.gateway.store.outbox.lanes(10) if each.last_fault]):
        await asyncio.sleep(0.02)
    posting = watched.gateway._posting
    assert isinstance(posting, PostingHere)
    posting._poster._tell = lambda _status: None  # it would tell how it really stands
    fault = LocalFault("EMFILE", "[Errno 24] Too many open files")
    lane = WaitingLane(lanes[0].account_id, lanes[0].lane, WaitsFor.ACCOUNT, 3)
    watched.gateway._posting_watch.note(
        PostingStatus(local_fault=fault, waiting=(lane,), waits={WaitsFor.ACCOUNT: 3})
    )
    _, page = await browser.get("/postbacks")
    assert (fault.says in page, "<td>its account&#39;s share</td>" in page) == (True, True)
    _, found = await call(browser, "GET", "/v1/postbacks")
    assert found["local_fault"] == {"kind": "EMFILE", "says": fault.says}
    assert [each["waits_for"] for each in found["lanes"]] == ["its account's share"]
    door = f'[http]\nlisten = "127.0.0.1:{watched.gateway.server.port}"\n'
    (watched.data_dir / "aldis.toml").write_text(door)
    code, said = await aldis(watched, "postbacks", "--pending")
    assert (code, "3 lanes wait for its account's share\n" in said) == (0, True)


LANES = [
    LaneFacts(number, f"https://h{number}.example:443", number, NOON, NOON + 1_000 * (number % 2), None, "")
    for number in range(1, 20)
]


@pytest.mark.parametrize(
    ("now", "named"), [(NOON, []), (NOON + 1_000, [18, 16, 14, 12, 10]), (NOON + 9_000, [19, 18, 17, 16, 15])]
)
def test_the_worst_few_lanes_that_wait_are_named(now: int, named: list[int]) -> None:
    lines = _worst([(f"account {each.account_id}", each) for each in LANES], now)
    assert [line.split(": ")[0] for line in lines] == [
        f"  account {number} at https://h{number}.example:443" for number in named
    ]
    assert [line.split(": ")[1].split(",")[0] for line in lines] == [f"{number} pending" for number in named]
