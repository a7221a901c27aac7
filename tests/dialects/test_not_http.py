"""What the server cannot read is refused in the words of the dialect whose path it names."""

from __future__ import annotations

import pytest

from aldis.dialects.exchange import HttpRequest
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker
from tests.fakes.clock import FakeClock

#: path → status, how the answer begins
WORDS = {
    "/api/sumopost/post": (
        400,
        '{"sumoId":"00000000-0000-0000-0000-000000000000","Err":{"ErrNum":1001,"ErrMessage":"',
    ),
    "/secure/sumoSend.aspx": (400, ":ERROR 1001"),
    "/rest/mtsms": (400, '{"code":"0x0308","incident_uuid":"'),
    "/rest/mtsms/17": (400, '{"code":"0x0308","incident_uuid":"'),
    "/API/wxml/1.3/index.php": (
        400,
        "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E100</ERRORCODE><ERRORINFO>Invalid request. Bad Request.</ERRORINFO>",
    ),
    "/httpapi/receiver": (400, "result_code="),
    "/v1/messages": (
        400,
        '{"title":"Bad Request","status":400,"detail":"the server cannot read this request: Bad Request"',
    ),
}


@pytest.mark.parametrize("path", WORDS)
async def test_a_refusal_is_in_the_dialects_form(path: str, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    reply = asker.door.refuse(HttpRequest("", path, b"", [], b"", "127.0.0.1"), 400)
    assert reply is not None
    status, beginning = WORDS[path]
    assert (reply.status, reply.body.decode()[: len(beginning)]) == (status, beginning)


async def test_of_other_paths_the_server_speaks_itself(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    for path in ("/", "/health/live", "/rest", "/rest/mtsms/1/2"):
        assert asker.door.refuse(HttpRequest("", path, b"", [], b"", "127.0.0.1"), 400) is None
