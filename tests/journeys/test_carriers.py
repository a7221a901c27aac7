"""The whole way to carriers that are different: how a text is carried, paid and reported follows its link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.backends import find
from tests.fakes.customer import FakeCustomer
from tests.fakes.ports import free_port
from tests.fakes.whole import SETTINGS, WholeGateway

from aldis.settings import read

pytestmark = pytest.mark.journey

LONG = "Ein langer Text, € und {so} weiter. " * 10
CARRIERS = {
    "several binds": "binds = 3\nwindow = 4",
    "a pair": 'bind = "pair"',
    "16-bit references": '[link.quirks]\nsplitting = "udh16"',
    "SAR": '[link.quirks]\nsplitting = "sar"',
    "payload": '[link.quirks]\nsplitting = "payload"',
    "UCS-2 only": '[link.quirks]\nalphabet = "ucs2_only"',
    "version 5.0, validity, service type": (
        '[link.quirks]\ninterface_version = "5.0"\nvalidity = "relative"\nservice_type = "CMT"'
    ),
    "ids as they come": '[link.quirks]\nresponse_id = "decimal"\nreceipt_id = "decimal"',
}


@asynccontextmanager
async def behind(data_dir: Path, customer: FakeCustomer, link: str) -> AsyncIterator[WholeGateway]:
    whole = WholeGateway(data_dir, customer, link)
    await whole.start()
    yield whole
    await whole.stop()


@pytest.mark.parametrize("name", CARRIERS)
async def test_texts_arrive_and_their_receipts_come_back(
    tmp_path: Path, customer: FakeCustomer, name: str
) -> None:
    async with behind(tmp_path / "data", customer, CARRIERS[name]) as whole:
        texts = ["short", LONG, "👋🏽 Grüße – 你好 " * 12]
        for number, text in enumerate(texts):
            assert await whole.genesys(f"44770090000{number}", f"m{number}", message=text) == "result_code=0"
        assert await whole.genesys("447700900080", "fails", message=LONG) == "result_code=0"
        assert await whole.all_ended(4) == {"delivered": 3, "undelivered": 1}
        for number, text in enumerate(texts):
            assert whole.handset(f"44770090000{number}") == [text]
        await customer.wait_for(4, "/genesys")


async def spent(whole: WholeGateway) -> int:
    (account_id,) = (
        account.account_id
        for account in (await whole.gateway.store.directory.load()).accounts.values()
        if account.name == "demo"
    )
    balance = await whole.gateway.store.queries.balance(account_id)
    assert balance.held == 0
    return balance.spent


async def test_what_a_link_makes_of_a_text_is_what_is_paid(tmp_path: Path, customer: FakeCustomer) -> None:
    text = "şeker ığ " * 14  # 126 characters: two segments of UCS-2, one with Turkish tables
    plain: dict[str, int] = {}
    for name, link in (("ucs2", ""), ("turkish", '[link.quirks]\nlanguages = ["turkish"]')):
        async with behind(tmp_path / name, customer, link) as whole:
            assert await whole.genesys("447700900001", "m1", message=text) == "result_code=0"
            assert await whole.all_ended(1) == {"delivered": 1}
            assert whole.handset("447700900001") == [text]
            plain[name] = await spent(whole)
    assert plain["ucs2"] == 2 * plain["turkish"]


async def test_an_account_may_have_its_typography_simplified(tmp_path: Path, customer: FakeCustomer) -> None:
    whole = WholeGateway(tmp_path / "data", customer)
    whole.world = lambda text: text.replace('name = "demo"\n', 'name = "demo"\nsmart_encoding = true\n', 1)
    await whole.start()
    assert await whole.genesys("447700900001", "m1", message="it’s “fine” – really…") == "result_code=0"
    assert await whole.genesys("447700900002", "m2", message="it’s ж") == "result_code=0"
    assert await whole.all_ended(2) == {"delivered": 2}
    assert whole.handset("447700900001") == ['it\'s "fine" - really...']
    assert whole.handset("447700900002") == ["it’s ж"]
    await whole.stop()


async def test_each_recipient_pays_for_what_its_own_link_makes_of_the_text(
    tmp_path: Path, customer: FakeCustomer
) -> None:
    whole = WholeGateway(tmp_path / "data", customer)
    other = f"""
[[link]]
name = "turkish"
host = "127.0.0.1"
port = {whole.smpp_port}
system_id = "aldis"
password = "demosmpp"
[link.quirks]
languages = ["turkish"]
"""
    whole.settings = read(SETTINGS.format(smpp=whole.smpp_port, link=other), "test", {})
    route = '[[route]]\nlink = "turkish"\ncountry = "DK"\n'
    whole.world = lambda text: route + text.replace('name = "demo"\n', 'name = "demo"\nmax_segments = 2\n', 1)
    await whole.start()
    body = {"message": "ş" * 100, "recipients": [{"msisdn": 4512345601}, {"msisdn": 447700900001}]}
    path = "/rest/mtsms?token=demo-mavorion"
    code, answer = await whole.post(path, msgspec.json.encode(body), "application/json")
    assert (code, msgspec.json.decode(answer)["usage"]["countries"]) == (200, {"DK": 1, "GB": 2})
    while not (whole.handset("4512345601") and whole.handset("447700900001")):
        await asyncio.sleep(0.02)
    assert whole.handset("4512345601") == whole.handset("447700900001") == ["ş" * 100]
    # too long for a plain link, and not for this one
    body = {"message": "ş" * 200, "recipients": [{"msisdn": 4512345601}]}
    code, _ = await whole.post(path, msgspec.json.encode(body), "application/json")
    assert code == 200
    body = {"message": "ş" * 200, "recipients": [{"msisdn": 447700900001}]}
    code, answer = await whole.post(path, msgspec.json.encode(body), "application/json")
    assert (code, "message" in answer) == (400, True)
    await whole.stop()


async def test_messages_leave_a_link_that_stays_down(tmp_path: Path, customer: FakeCustomer) -> None:
    """The first link's carrier never comes; the second's comes after the message was accepted."""
    whole = WholeGateway(tmp_path / "data", customer)
    nobody = free_port()
    text = SETTINGS.format(smpp=nobody, link="").replace('name = "simulator"', 'name = "dead"')
    text += "[[link]]" + SETTINGS.format(smpp=whole.smpp_port, link="").partition("[[link]]")[2]
    whole.settings = read(text + "\n[messages]\nfailover_s = 1\n", "test", {})
    whole.world = lambda text: text.replace(
        'link = "simulator"\n', 'link = "dead"\nbackups = ["simulator"]\n', 1
    )
    await whole.start()
    await whole.stop_carrier()
    while any(whole.gateway.links_up().values()):
        await asyncio.sleep(0.01)
    assert await whole.genesys("447700900001", "m1", message=LONG) == "result_code=0"
    (waiting,) = await find(whole.gateway.store, "m1", 1)
    assert waiting.link == "dead"
    await whole.start_carrier()
    assert await whole.all_ended(1) == {"delivered": 1}
    assert whole.handset("447700900001") == [LONG]
    # the next one takes the living link at once
    assert await whole.genesys("447700900001", "m2") == "result_code=0"
    assert (await whole.ended("m2")).message.link == "simulator"
    await whole.stop()
