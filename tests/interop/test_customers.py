"""Other people's customers: their clients send through our doors and read our callbacks; where no client can
be had, the octets that it sends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from tests.fakes.customer import FakeCustomer
from tests.fakes.ports import free_port
from tests.fakes.whole import WholeGateway
from tests.interop.conftest import command_for, run


@pytest.fixture
async def receiver_port() -> int:
    return free_port()


@pytest.fixture
async def whole(tmp_path: Path, receiver_port: int) -> AsyncIterator[WholeGateway]:
    """A gateway behind the host name that the clients know, with postbacks to where they listen."""
    made = WholeGateway(tmp_path / "data", FakeCustomer())
    http = msgspec.structs.replace(made.settings.http, public_url="https://gatewayapi.com")
    made.settings = msgspec.structs.replace(made.settings, http=http)
    callbacks = f'mavorion = "http://127.0.0.1:{receiver_port}/mavorion/callback"'
    made.world = lambda text: text.replace(f'mavorion = "{made.customer.url}/mavorion"', callbacks, 1)
    await made.customer.start()
    await made.start()
    yield made
    await made.stop()
    await made.customer.stop()


async def test_smsframework_sends_with_oauth_and_verifies_our_callbacks(
    whole: WholeGateway, receiver_port: int
) -> None:
    found = await run(
        *command_for("smsframework_client.py"),
        str(whole.gateway.server.port),
        str(receiver_port),
        "demo-mavorion",
        "demo-mavorion-secret",
        "demo-mavorion-callbacks",
    )
    assert found["statuses"] == [[found["id"], "Enroute"], [found["id"], "Delivered"]]
    assert found["signature"] == [0x0224, "#0x0224: Invalid signature"]
    assert found["sender"] == [0x0307, "#0x0307: Permission denied: 55555"]
    assert found["forged"] == 403
    assert whole.handset("4512345678") == ["Hello ø & €"]


async def test_npm_gatewayapi(whole: WholeGateway) -> None:
    found = await run(*command_for("gatewayapi_client.mjs"), str(whole.gateway.server.port), "demo-mavorion")
    sent = found["sent"]["data"]
    assert sent["usage"] == {"countries": {"DK": 4}, "currency": "EUR", "total_cost": 0.6}
    assert [each["parts"] for each in sent["details"]["messages"][0]["recipients"]] == [2, 2]
    assert found["refused"]["error"]["code"] == 403
    assert found["refused"]["error"]["reason"]["code"] == "0x0307"
    assert found["balance"]["data"] == {"credit": 999.4, "currency": "EUR", "id": 1}
    denmark = next(each for each in found["prices"]["data"]["standard"] if each["country"] == "DK")
    assert (denmark["country_name"], denmark["prefix"], denmark["eur"]) == ("Denmark", 45, 0.15)
    while not whole.handset("4512345679"):
        await asyncio.sleep(0.02)
    assert whole.handset("4512345679") == [("Hi there, this is cut " * 20)[:306]]


async def exchange(whole: WholeGateway, octets: bytes) -> tuple[bytes, bytes]:
    """Send octets as a client does and give head and body of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", whole.gateway.server.port)
    writer.write(octets)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    body = await reader.readexactly(int(length.partition(b":")[2]))
    writer.close()
    return head, body


def posted(path: str, content_type: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Type: {content_type}", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


SKY = "/API/wxml/1.3/index.php"


async def test_skycores_php_sdk(whole: WholeGateway) -> None:
    """Multipart field XML, tags in upper case, values not escaped; curl asks to continue."""
    document = (
        "<REQUEST><API_KEY>demo-skycore</API_KEY><ACTION>sendsms</ACTION><TO>15551234888</TO>"
        "<FROM>60856</FROM><TEXT>Hello Jerry – hi</TEXT></REQUEST>"
    )
    boundary = "------------------------d74496d66958873e"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="XML"\r\n\r\n{document}\r\n--{boundary}--\r\n'
    ).encode()
    head, answer = await exchange(
        whole, posted(SKY, f"multipart/form-data; boundary={boundary}", body, "Accept: */*")
    )
    assert head.startswith(b"HTTP/1.1 200")
    assert answer == (
        b"<RESPONSE><STATUS>Success</STATUS><TRACKINGID>SMS_1</TRACKINGID><TO>15551234888</TO></RESPONSE>"
    )


async def test_skycores_ruby_gem(whole: WholeGateway) -> None:
    """Raw XML under a form's type, as Net::HTTP posts a string. It raises on ERRORCODE."""
    document = (
        b'<?xml version="1.0" encoding="UTF-8"?><REQUEST><ACTION>loginUser</ACTION>'
        b"<API_KEY>demo-skycore</API_KEY></REQUEST>"
    )
    _, answer = await exchange(
        whole,
        posted(
            "/API/wxml/1.3/", "application/x-www-form-urlencoded", document, "Accept-Encoding: gzip;q=1.0"
        ),
    )
    assert b"<ERRORCODE>E101</ERRORCODE>" in answer


async def test_genesys_java_client(whole: WholeGateway) -> None:
    """GET in hash-map order with the old name of the sender; it parses what stands behind the `=`."""
    query = urlencode(
        {
            "phone_number": "447700900123",
            "message": "Hello from Java",
            "message_id": "1353530987654",
            "login": "demo",
            "password": "demo-genesys",
            "shortcode": "74700",
            "carrier": "99901",
        }
    )
    request = f"GET /httpapi/receiver?{query} HTTP/1.1\r\nUser-Agent: Jakarta Commons-HttpClient/3.1\r\nHost: x\r\n\r\n"
    head, answer = await exchange(whole, request.encode())
    assert head.startswith(b"HTTP/1.1 200")
    assert int(answer[answer.index(b"=") + 1 :]) == 0


@pytest.mark.parametrize(("carrier", "code"), [("84001", 0), ("UNKNOWN", 3)])
async def test_genesys_coldfusion_client(whole: WholeGateway, carrier: str, code: int) -> None:
    """A form with the old names and `No`; it takes what stands behind the last `=` as a number."""
    form = urlencode(
        {
            "login": "demo",
            "password": "demo-genesys",
            "message_id": "A1" * 127,
            "shortcode": "74700",
            "phone_number": "447700900123",
            "carrier": carrier,
            "message": "Hello from ColdFusion",
            "receipt": "No",
            "priority": "BULK",
        }
    )
    _, answer = await exchange(
        whole, posted("/httpapi/receiver", "application/x-www-form-urlencoded", form.encode())
    )
    assert answer == b"result_code=%d" % code
