"""The whole way for accounts that are allowed more, or less, than the demo's."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

pytestmark = pytest.mark.journey

ASKED = {
    "login": "demo",
    "password": "demo-genesys",
    "phone_number": "447700900001",
    "sender": "447700900001",
    "message": "Hi",
    "receipt": "TRUE",
}


async def test_a_genesys_account_may_leave_the_message_id_out(tmp_path: Path, customer: FakeCustomer) -> None:
    whole = WholeGateway(tmp_path / "data", customer)
    whole.world = lambda text: text.replace(
        'name = "demo"\n', 'name = "demo"\nreference_optional = true\n', 1
    )
    await whole.start()
    for _ in range(2):  # nothing tells duplicates then
        assert await whole.get("/httpapi/receiver", **ASKED) == (200, "result_code=0")
    assert await whole.get("/httpapi/receiver", **ASKED | {"password": "wrong"}) == (200, "result_code=2")
    assert await whole.all_ended(2) == {"delivered": 2}
    (first, second) = await customer.wait_for(2, "/genesys")
    assert first.body != second.body  # each has an id of ours
    await whole.stop()


async def test_others_may_not(whole: WholeGateway) -> None:
    assert await whole.get("/httpapi/receiver", **ASKED) == (200, "result_code=1")
    assert await whole.get("/httpapi/receiver", **ASKED | {"password": "wrong"}) == (200, "result_code=2")
