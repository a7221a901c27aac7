"""What a customer wants shown to nobody is shown to no operator."""

from __future__ import annotations

from tests.backends import find
from tests.fakes.browser import Browser
from tests.fakes.whole import WholeGateway


async def test_a_text_of_the_class_secret_is_shown_to_nobody(watched: WholeGateway, browser: Browser) -> None:
    body = b'{"message":"my-very-own-code","class":"%s","recipients":[{"msisdn":4512345601}]}'
    shown = []
    for kind in (b"standard", b"secret"):
        status, _ = await watched.post("/rest/mtsms?token=demo-mavorion", body % kind, "application/json")
        assert status == 200
    (secret, standard) = await find(watched.gateway.store, "")
    for each in (standard, secret):
        pages = [await browser.get(f"{path}/{each.message_id}") for path in ("/messages", "/v1/messages")]
        assert [status for status, _ in pages] == [200, 200]
        shown.append(["my-very-own-code" in text for _, text in pages])
    assert shown == [[True, True], [False, False]]
    assert b"my-very-own-code".hex() not in pages[0][1]
