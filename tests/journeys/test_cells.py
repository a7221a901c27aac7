"""Two cells: a database each, a gateway each, one carrier account. Whatever comes to the wrong one finds home."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from oauthlib.oauth1 import Client
from tests.backends import APPLYING
from tests.fakes.cells import Pair
from tests.fakes.clock import FakeClock
from tests.fakes.customer import FakeCustomer
from tests.fakes.postgresql import PostgresServer
from tests.fakes.whole import WholeGateway
from tests.journeys.test_whole_way import SUMO, skycore
from tests.store.building import a_message, accept

from aldis.admin.cells import findings
from aldis.admin.directory import DirectoryEditor
from aldis.app.cells import Cells, look_at_cells
from aldis.app.stores import open_cell
from aldis.errors import AdminError, CellPending
from aldis.stages.cells.other_stores import OtherCell, OtherStores
from aldis.stages.cells.receipts import WAITS_MS, ReceiptOffer
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import LateAnswer
from aldis.traffic.receipt import Receipt, ReceiptState

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

HANDSET = "14805550103"


async def is_opted_out(gateway: WholeGateway) -> bool:
    history = await gateway.gateway.store.consent.history(HANDSET, 1)
    return bool(history) and history[0].kind is ConsentKind.OPT_OUT


async def test_every_dialect_is_answered_at_the_wrong_door(pair: Pair) -> None:
    eu, us = pair.eu, pair.us
    assert (await eu.get("/api/sumopost/post", **SUMO, mobile="4805550101", msg="Hi €"))[0] == 200
    told = msgspec.json.encode({"message": "Hi", "recipients": [{"msisdn": 4512345601}]})
    assert (await eu.post("/v2/mtsms?token=demo-mavorion", told, "application/json"))[0] == 200
    _, answer = await eu.post("/API/wxml/1.3/index.php", {"xml": skycore("Hi", "14805550102").decode()})
    assert "<TRACKINGID>" in answer
    assert await eu.genesys("447700900001", "m1") == "result_code=0"
    refused = await eu.genesys("447700900001", "m1")
    assert refused == await us.genesys("447700900001", "m1") != "result_code=0"
    base = f"{eu.base}/rest/mtsms"
    url, headers, body = Client("demo-mavorion", "demo-mavorion-secret").sign(
        base, "POST", told.decode(), {"Content-Type": "application/json"}
    )
    async with eu.session.post(url, data=body, headers=headers) as response:
        assert response.status == 200
        assert max(Counter(name.lower() for name in response.headers).values()) == 1
    async with eu.session.post(url, data=body, headers=headers) as response:
        assert "0x0226" in await response.text()  # its nonce is used, in the cell that took it
    assert await us.all_ended(5) == {"delivered": 5}
    assert await eu.gateway.store.metrics.count_by_state() == {}
    status, _ = await eu.get("/rest/mtsms", token="wrong")
    assert status in {400, 401}


async def test_a_door_that_cannot_be_reached_is_a_retryable_no(pair: Pair) -> None:
    await pair.us.gateway.server.stop()
    answer = await pair.eu.genesys("447700900001", "m1")
    assert answer == "result_code=98"
    circling = {"X-Aldis-Cell": "us", "Content-Type": "application/x-www-form-urlencoded"}
    form = "login=demo&password=demo-genesys&phone_number=447700900001&message=Hi&message_id=m2"
    async with pair.eu.session.post(
        f"{pair.eu.base}/httpapi/receiver", data=form, headers=circling
    ) as response:
        assert await response.text() == answer


async def test_a_stop_in_one_cell_binds_in_the_other_before_its_yes(pair: Pair) -> None:
    before = pair.eu.simulator.memory.written_acknowledged
    assert pair.eu.simulator.memory.write(HANDSET, "60856", "STOP")
    while pair.eu.simulator.memory.written_acknowledged == before:
        await asyncio.sleep(0.02)
    for gateway in (pair.eu, pair.us):
        assert await is_opted_out(gateway)
    _, answer = await pair.eu.post("/API/wxml/1.3/index.php", {"xml": skycore("Hi", HANDSET).decode()})
    assert "<TRACKINGID>" not in answer
    assert "Hi" not in pair.eu.handset(HANDSET)


async def test_a_message_from_a_handset_is_posted_from_its_accounts_cell(
    pair: Pair, customer: FakeCustomer
) -> None:
    for number in range(4):  # the carrier writes to whichever is bound, in turn
        assert pair.eu.simulator.memory.write(f"1480555020{number}", "447700900001", "hello")
    await customer.wait_for(4, "/genesys")


async def test_a_receipt_in_the_wrong_cell_finds_home(pair: Pair) -> None:
    for number in range(12):  # receipts come to whichever is bound, in turn
        assert await pair.us.genesys(f"4477009001{number:02}", f"m{number}") == "result_code=0"
    assert await pair.us.all_ended(12) == {"delivered": 12}
    (link,) = pair.eu.gateway.conditions()
    assert await pair.eu.gateway.store.receipts.unreviewed([link]) == {}


async def test_a_receipt_is_offered_again_to_a_cell_that_heard_the_response_late(pair: Pair) -> None:
    store, clock = pair.eu.gateway.store, FakeClock()
    receipt = Receipt("simulator", "unheard", ReceiptState.DELIVERED, "", "447700900199", clock.now())
    await store.receipts.record([receipt])
    exchange = pair.us.gateway.store.exchange
    assert store.exchange is not None
    shared = pair.us.gateway.store.shared
    assert exchange is not None
    assert shared is not None

    async def opened() -> OtherCell:
        return OtherCell(exchange, pair.us.gateway.store.inbound, shared.opt_outs, pair.us.session.close)

    offer = ReceiptOffer(store.exchange, OtherStores({"us": opened}), clock)
    clock.advance(WAITS_MS[0] / 1000 + 1)
    assert await offer.step() == 1
    assert await offer.step() == 0
    account = (await store.directory.load()).accounts["demo"]
    message = a_message(
        1, account_id=account.account_id, link="simulator", due_at=2**62, recipient="447700900199"
    )
    await accept(pair.us.gateway.store, message)
    await pair.us.gateway.store.sending.record_late("simulator", [LateAnswer(1, 1, "unheard")], 1)
    clock.advance(WAITS_MS[1] / 1000)
    assert await offer.step() == 1
    assert await store.exchange.early_receipts(0, 0, 2**62, 10) == []


async def test_only_one_cell_changes_the_directory(pair: Pair) -> None:
    store = pair.us.gateway.store
    editor = DirectoryEditor(store.changes, store.consent)
    with pytest.raises(AdminError, match="cell `eu`"):
        await editor.put_carrier(APPLYING, {"name": "Another"}, None, 1)


async def test_people_see_how_cells_stand(pair: Pair, tmp_path: Path) -> None:
    eu, us = pair.eu.settings, pair.us.settings
    while [each.standing for each in await look_at_cells(eu, tmp_path)][1:] != ["knows all"]:
        await asyncio.sleep(0.05)
    ours, theirs = await look_at_cells(us, tmp_path)
    assert [(each.name, each.is_home, each.accounts) for each in (ours, theirs)] == [
        ("us", False, 1),
        ("eu", True, 5),
    ]
    assert [each.verdict for each in findings([ours, theirs])] == ["ok"]
    (cell,) = eu.cell
    nowhere = msgspec.structs.replace(cell, store="postgresql://nobody@127.0.0.1:1/nothing")
    _, away = await look_at_cells(msgspec.structs.replace(eu, cell=(nowhere,)), tmp_path)
    assert "cannot be reached" in away.standing
    assert [each.verdict for each in findings([away])] == ["fail"]


async def test_a_cell_that_is_away_is_told_later(pair: Pair, postgres: PostgresServer) -> None:
    settings = pair.eu.settings
    (cell,) = settings.cell
    nowhere = msgspec.structs.replace(cell, store="postgresql://nobody@127.0.0.1:1/nothing")
    opened = await open_cell(settings.store.url)
    apart = Cells(msgspec.structs.replace(settings, cell=(nowhere,)), opened).store
    said = ConsentChange("60856", "", HANDSET, ConsentKind.OPT_OUT, ConsentSource.CONSOLE, "asked", 1)
    with pytest.raises(CellPending, match="not yet in us"):
        await apart.consent.change([said])
    await apart.close()
    while not await is_opted_out(pair.us):  # the gateway tells it
        await asyncio.sleep(0.05)
