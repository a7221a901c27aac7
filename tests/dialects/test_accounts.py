"""Answers that the demo's accounts cannot show: what an account is set to refuse, and a gateway that stops."""

from __future__ import annotations

import msgspec
import pytest

from aldis.dialects.exchange import HttpRequest
from aldis.dialects.registry import BY_PATH
from aldis.store.contract.store import Store
from aldis.traffic.caller import Caller
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.submission import Admitted, Submission
from tests.backends import apply
from tests.dialects.asking import Asker, get, post
from tests.fakes.clock import FakeClock
from tests.fakes.whole import WholeGateway

WORLD = """
[[account]]
name = "strict"
credit = "10.00"
networks = ["127.0.0.0/8"]
may_look_up = false
enforce_campaign = true
reference_optional = true
max_segments = 1
[[account.sender]]
value = "60857"
keywords = ["club", "other"]
campaigns = ["900"]
[[account.credential]]
dialect = "skycore"
key = "strict"
[[account.credential]]
dialect = "sumotext"
key = "old"
country = "US"
until = 2026-11-21T12:00:00Z
[[account.credential]]
dialect = "sumotext"
key = "new"
country = "US"
[[account.credential]]
dialect = "mavorion"
key = "strict"
[[account.credential]]
dialect = "genesys"
login = "strict"
password = "strict"
[[opt_in]]
sender = "60857"
topic = "club"
numbers = ["14805550100"]
"""


def sky(action: str = "sendsms", **more: str) -> HttpRequest:
    values = {"to": "14805550100", "from": "60857", "text": "Hi"} | more
    query = "&".join(f"{name}={value}" for name, value in values.items())
    return get(f"/API/wxml/1.3/index.php?action={action}&api_key=strict&{query}")


def sumo(apikey: str, key: str = "club", path: str = "sumopost/post") -> HttpRequest:
    return get(
        f"/api/{path}?apikey={apikey}&mobile=4805550100&carrier=ATTUS&shortcode=60857&key={key}&msg=Hi"
    )


def gene(message: str = "Hi", **more: str) -> HttpRequest:
    query = "".join(f"&{name}={value}" for name, value in more.items())
    return get(
        f"/httpapi/receiver?login=strict&password=strict&phone_number=14805550100&sender=60857"
        f"&message={message}{query}"
    )


MEMBER = {"mobile": "14805550100", "campaignid": "900"}
NO_LOOKUP = "The current Api Key new does not have permission to Lookup Carrier Information"
#: in this order: later ones know what earlier ones did
EXCHANGES = [
    (sky(), "<ERRORCODE>E714</ERRORCODE><ERRORINFO>Missing/Invalid CampaignID</ERRORINFO>"),
    (
        sky(campaignref="900"),
        "<ERRORCODE>E715</ERRORCODE><ERRORINFO>Number is not subscribed to this campaign</ERRORINFO>",
    ),
    (sky("subscribe", **MEMBER), "<STATUS>Success</STATUS>"),
    (sky(campaignref="900"), "<STATUS>Success</STATUS>"),
    (sky(campaignref="900", text="x" * 161), "<ERRORCODE>E712</ERRORCODE>"),
    (sky("unsubscribe", **MEMBER), "<STATUS>Success</STATUS>"),
    (sky(campaignref="900"), "<ERRORCODE>E715</ERRORCODE>"),
    (sumo("old"), '{"ErrNum":258,"ErrMessage":"The current Api Key old does not exist"}'),
    (sumo("new"), '"ErrNum":0'),
    (sumo("new", "default"), '"ErrNum":0'),
    (sumo("new", "other"), '{"ErrNum":27,"ErrMessage":"The Mobile Number 4805550100 is not Opted In."}'),
    (sumo("new", path="sumolookup/lookup"), f'{{"ErrNum":624,"ErrMessage":"{NO_LOOKUP}"}}'),
    (sumo("old", path="sumolookup/lookup"), '"ErrNum":256'),
    (
        post("/rest/hlr?token=strict", '{"msisdns":[4512345678]}', "application/json"),
        '"message":"HLR not enabled for account"',
    ),
    (gene(), "result_code=0"),
    (gene(), "result_code=0"),
    (gene("x" * 161), "result_code=8"),
    (gene(message_id="a"), "result_code=0"),
    (gene(message_id="a"), "result_code=7"),
]


async def test_what_an_account_is_set_to_refuse(demo_store: Store, clock: FakeClock) -> None:
    await apply(demo_store, WORLD, clock.now())
    asker = await Asker.over(demo_store, clock)
    for number, (request, marker) in enumerate(EXCHANGES):
        assert marker in (await asker.ask(request)).body.decode(), number


@pytest.mark.parametrize(
    ("setting", "most"),
    [("", 10), ("max_segments = 10", 10), ("max_segments = 255", 255), ("max_segments = 3", 3)],
)
async def test_how_long_a_text_may_be(demo_store: Store, clock: FakeClock, setting: str, most: int) -> None:
    """Ten segments, as other providers take, unless the account's setting says otherwise."""
    world = WORLD.replace("max_segments = 1\n", f"{setting}\n").replace('"10.00"', '"100.00"')
    await apply(demo_store, world, clock.now())
    asker = await Asker.over(demo_store, clock)
    for size, encoded in ((153, "x"), (67, "%D0%B6")):
        for characters, answer in ((size * most, b"result_code=0"), (size * most + 1, b"result_code=8")):
            form = f"login=strict&password=strict&phone_number=14805550100&sender=60857&message={encoded * characters}"
            assert (await asker.ask(post("/httpapi/receiver", form))).body == answer


#: (what the operator changes, what the same request is answered then); each after it was accepted
CHANGES = [
    ('networks = ["127.0.0.0/8"]', 'networks = ["10.0.0.0/8"]', "result_code=2"),
    ("may_look_up = false", "may_look_up = false\nactive = false", "result_code=2"),
    ("may_look_up = false", "may_look_up = false\nmay_send = false", "result_code=2"),
    ('value = "60857"', 'value = "60858"', "result_code=4"),
]


@pytest.mark.parametrize(("before", "after", "marker"), CHANGES)
async def test_what_was_allowed_is_asked_again_when_the_directory_changes(
    demo_store: Store, clock: FakeClock, before: str, after: str, marker: str
) -> None:
    await apply(demo_store, WORLD, clock.now())
    asker = await Asker.over(demo_store, clock)
    for _ in range(2):
        assert (await asker.ask(gene())).body == b"result_code=0"
    await apply(demo_store, WORLD.replace(before, after), clock.now())
    asker.current.directory = await demo_store.directory.load()
    assert (await asker.ask(gene())).body.decode() == marker


async def test_what_the_house_may_is_no_answer_to_what_a_peer_may(
    demo_store: Store, clock: FakeClock
) -> None:
    await apply(demo_store, WORLD.replace("127.0.0.0/8", "10.0.0.0/8"), clock.now())
    asker = await Asker.over(demo_store, clock)
    request = gene()
    genesys = BY_PATH[request.path]
    said = genesys.face.read(request)
    assert isinstance(said, Submission)
    ours = msgspec.structs.replace(said, caller=Caller(OnBehalf("genesys", "strict")))
    assert isinstance(await asker.admitter.admit(genesys.policy, ours), Admitted)
    assert (await asker.ask(request)).body == b"result_code=2"


async def test_all_the_carrier_codes_of_sumotext_are_known(demo_store: Store) -> None:
    known = await demo_store.directory.load()
    codes = [code for dialect, code in known.carriers if dialect == "sumotext"]
    assert len(codes) == len(set(codes)) == 170
    assert known.carrier("sumotext", "3RIVERSPCS") == known.carrier("sumotext", "IVERSPCS") != ""


STOPPING = [
    (get("/api/sumopost/post?apikey=demo-sumotext"), 503, b'"ErrNum":1098,'),
    (
        post("/v2/mtsms?token=demo-mavorion", b'{"message":"x","recipients":[{"msisdn":4512345678}]}'),
        503,
        b'"code":"0x0305",',
    ),
    (get("/API/wxml/1.3/index.php?action=sendsms&api_key=demo-skycore"), 503, b"<ERRORCODE>E503<"),
    (get("/httpapi/receiver?login=demo&password=demo-genesys"), 200, b"result_code=98"),
]


@pytest.mark.journey
async def test_a_gateway_that_stops_says_so_in_every_dialect(whole: WholeGateway) -> None:
    whole.gateway.admitter.draining = True
    for request, status, marker in STOPPING:
        url = f"{whole.base}{request.path}?{request.query.decode()}"
        async with whole.session.request(request.method, url, data=request.body) as response:
            assert response.status == status
            assert marker in await response.read()
