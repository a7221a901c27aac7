"""Multimedia messages, the whole way: out with report and postback, refused, in, with pictures octet by octet."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from lxml import etree
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway
from tests.mms.samples import AMR, JPEG, PNG

from aldis.mms.access import Access
from aldis.mms.mm7 import DeliverReq, Response, read_message, write
from aldis.mms.parts import Part, related
from aldis.mms.status import Mm7Status
from aldis.store.contract.content import digest_of
from aldis.traffic.states import State

pytestmark = pytest.mark.journey

PICTURE, PHOTO, SOUND = ("image/png", PNG), ("image/jpeg", JPEG), ("audio/amr", AMR)
PRICE = 200_000


@pytest.fixture
async def multimedia(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    made = WholeGateway(tmp_path / "data", customer, mmsc="")
    await made.start()
    await made.up()
    yield made
    await made.stop()


async def view(whole: WholeGateway, path: str, body: object = None) -> tuple[int, bytes]:
    url = f"http://127.0.0.1:{whole.simulator.view.port}{path}"
    data = None if body is None else msgspec.json.encode(body)
    async with whole.session.request("GET" if body is None else "POST", url, data=data) as response:
        return response.status, await response.read()


async def balance(whole: WholeGateway) -> tuple[int, int]:
    account = (await whole.gateway.store.directory.load()).accounts["demo"].account_id
    found = await whole.gateway.store.queries.balance(account)
    return found.held, found.spent


async def test_out_with_report_and_postback(multimedia: WholeGateway, customer: FakeCustomer) -> None:
    whole = multimedia
    assert await whole.send_mms("447700900001", "m1", PICTURE, PHOTO, SOUND, app_id="a") == "result_code=0"
    timeline = await whole.ended("m1")
    assert (timeline.message.state, timeline.message.link) == (State.DELIVERED, "mmsc")
    assert [part.digest for part in timeline.parts] == [digest_of(each) for each in (PNG, JPEG, AMR)]
    (came,) = await customer.wait_for(1, "/genesys")
    assert (came.form["message_state"], came.form["result_code"], came.form["app_id"]) == ("2", "0", "a")
    assert await balance(whole) == (0, PRICE)
    _, shown = await view(whole, "/handsets/447700900001")
    (message,) = msgspec.json.decode(shown)["messages"]
    assert (message["from"], message["text"], message["encoding"]) == ("447700900001", "Hello", "MMS")
    smil, _, *media = message["parts"]
    assert [part["content_type"] for part in media] == ["image/png", "image/jpeg", "audio/amr"]
    assert [(await view(whole, part["url"]))[1] for part in media] == [PNG, JPEG, AMR]
    document = etree.fromstring((await view(whole, smil["url"]))[1])
    assert len(document.findall("body/par")) == 3


async def test_a_multipart_goes_out_as_it_is(multimedia: WholeGateway) -> None:
    own = related(
        [Part("application/smil", b"<smil><body/></smil>", "s", "s"), Part("image/png", PNG, "p", "p")]
    )
    assert await multimedia.send_mms("447700900001", "m1", (own.content_type, own.octets)) == "result_code=0"
    await multimedia.ended("m1")
    (received,) = multimedia.simulator.memory.handsets.of("447700900001")
    assert [(part.content_type, part.name) for part in received.parts] == [
        ("application/smil", "s"),
        ("image/png", "p"),
    ]


@pytest.mark.parametrize(
    ("digits", "state", "result_code"),
    [
        ("80", State.UNDELIVERED, "99"),
        ("81", State.EXPIRED, "99"),
        ("82", State.REJECTED, "1"),
        ("85", State.DELIVERED, "0"),
        ("86", State.DELIVERED, "0"),
        ("89", State.DELIVERED, "0"),
        ("90", State.REJECTED, "1"),
    ],
)
async def test_an_mmsc_that_misbehaves(
    multimedia: WholeGateway, customer: FakeCustomer, digits: str, state: State, result_code: str
) -> None:
    assert await multimedia.send_mms(f"4477009000{digits}", "m", PICTURE) == "result_code=0"
    timeline = await multimedia.ended("m")
    assert timeline.message.state is state
    (came,) = await customer.wait_for(1, "/genesys")
    assert came.form["result_code"] == result_code
    held, spent = await balance(multimedia)
    assert (held, spent) == (0, 0 if digits == "82" else PRICE)


async def test_texts_and_pictures_take_their_own_links(multimedia: WholeGateway) -> None:
    assert await multimedia.genesys("447700900001", "sms") == "result_code=0"
    assert await multimedia.send_mms("447700900001", "mms", PICTURE) == "result_code=0"
    links = [(await multimedia.ended(name)).message.link for name in ("sms", "mms")]
    assert links == ["simulator", "mmsc"]


async def test_without_a_route_it_is_refused_and_nothing_is_kept(whole: WholeGateway) -> None:
    assert await whole.send_mms("447700900001", "m1", PICTURE) == "result_code=3"
    assert await whole.gateway.store.metrics.count_by_state() == {}
    assert not (whole.data_dir / "content").exists()


async def test_a_refused_message_leaves_no_file_for_long(multimedia: WholeGateway) -> None:
    broke = {"login": "broke", "password": "broke-genesys"}
    assert await multimedia.send_mms("447700900001", "m1", PICTURE, **broke) == "result_code=99"
    files = multimedia.gateway.store.contents
    swept = sum([await files.sweep(multimedia.gateway.store.maintenance.unused_content) for _ in range(256)])
    assert (swept, list(multimedia.data_dir.glob("content/??/*"))) == (1, [])


async def test_what_waits_for_an_mmsc_that_is_away_is_sent_when_it_is_back(multimedia: WholeGateway) -> None:
    await multimedia.stop_carrier()
    assert await multimedia.send_mms("447700900001", "m1", PICTURE) == "result_code=0"
    while multimedia.gateway.links_up()["mmsc"]:
        await asyncio.sleep(0.01)
    await multimedia.start_carrier()
    assert (await multimedia.ended("m1")).message.state is State.DELIVERED


# ── from handsets ──


async def send_in(whole: WholeGateway, number: str = "74700", text: str = "See") -> None:
    parts = [
        {"content_type": kind, "content": b64encode(octets).decode()} for kind, octets in (PICTURE, SOUND)
    ]
    status_code, answer = await view(
        whole, "/handsets/14805550100", {"to": number, "text": text, "parts": parts}
    )
    assert (status_code, msgspec.json.decode(answer)) == (202, {"parts": 2})


async def test_in_with_its_pictures(multimedia: WholeGateway, customer: FakeCustomer) -> None:
    await send_in(multimedia)
    (came,) = await customer.wait_for(1, "/genesys")
    form = came.form
    assert (form["type"], form["shortcode"], form["phone_number"]) == ("MO", "74700", "14805550100")
    assert (form["message"], form["mms_attachment[0].content_type"]) == ("See", "image/png")
    assert b64decode(form["mms_attachment[0].content"]) == PNG
    assert b64decode(form["mms_attachment[1].content"]) == AMR


async def ask(
    whole: WholeGateway, octets: bytes, content_type: str, password: str = "demo-mm7"
) -> tuple[int, Response]:
    url = f"http://127.0.0.1:{whole.listen_port}/"
    headers = {"Content-Type": content_type, **Access("mmsc", password).headers}
    async with whole.session.post(url, data=BytesIO(octets), headers=headers) as response:
        answer = read_message(response.headers["Content-Type"], await response.read())
        assert isinstance(answer, Response)
        return response.status, answer


LETTER = DeliverReq(
    transaction_id="mo-1",
    sender="14805550100",
    recipients=("74700",),
    content=related([Part("text/plain", b"once"), Part("image/png", PNG)]),
)


async def test_what_the_mmsc_repeats_is_told_once(multimedia: WholeGateway, customer: FakeCustomer) -> None:
    for letter in (LETTER, LETTER, msgspec.structs.replace(LETTER, transaction_id="mo-2"), LETTER):
        written = write(letter)
        assert await ask(multimedia, written.octets, written.content_type) == (
            200,
            Response("DeliverRsp", letter.transaction_id, Mm7Status.SUCCESS),
        )
    await customer.wait_for(2, "/genesys")
    _, in_all = await multimedia.gateway.store.queries.inbound(1, 0, 2**53, (0, 10))
    assert (in_all, len(list(multimedia.data_dir.glob("content/??/*")))) == (2, 1)


async def test_stop_is_obeyed_by_mms_too(multimedia: WholeGateway) -> None:
    await send_in(multimedia, text="STOP")
    while not await multimedia.gateway.store.consent.list_opted_out("74700", "", 10):
        await asyncio.sleep(0.01)
    assert await multimedia.send_mms("14805550100", "m1", PICTURE, sender="74700") == "result_code=99"


async def test_who_does_not_show_the_password_is_sent_away(multimedia: WholeGateway) -> None:
    written = write(LETTER)
    http_status, answer = await ask(multimedia, written.octets, written.content_type, password="guess")
    assert (http_status, answer.code) == (401, Mm7Status.IMPROPER_IDENTIFICATION)


async def test_what_is_no_mm7_gets_a_fault(multimedia: WholeGateway) -> None:
    broken = write(LETTER)
    for octets, content_type, code in (
        (b"hello", "text/plain", Mm7Status.FORMAT_CORRUPT),
        (b"", "", Mm7Status.FORMAT_CORRUPT),
        (write(Response("DeliverRsp", "t", 1000)).octets, "text/xml", Mm7Status.UNSUPPORTED_OPERATION),
        (broken.octets[: len(broken.octets) // 2], broken.content_type, Mm7Status.FORMAT_CORRUPT),
    ):
        http_status, answer = await ask(multimedia, octets, content_type)
        assert (http_status, answer.code) == (500, code)
    http_status, answer = await ask(multimedia, bytes(5_000_000), "text/xml")
    assert (http_status, answer.code) == (413, Mm7Status.CONTENT_REFUSED)
