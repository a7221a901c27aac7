"""Attachments at the doors and in postbacks: any octets get an answer and nothing is half-stored; handsets' pictures
are told where the dialect has a form for them.
"""

from __future__ import annotations

import itertools
from base64 import b64decode
from urllib.parse import parse_qs, parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aldis.accounts.endpoint import Endpoint
from aldis.dialects.genesys import attachments
from aldis.dialects.registry import POLICIES
from aldis.mms.media import MEDIA
from aldis.store.contract.store import Store
from aldis.traffic.content import Attachment, KeptPart, as_column
from aldis.traffic.inbound import DueInbound, InboundFacts
from aldis.traffic.states import State
from tests.dialects.asking import Asker
from tests.dialects.golden_genesys_mms import mms
from tests.fakes.clock import NOON, FakeClock
from tests.mms.samples import AMR, PNG

relaxed = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=150,
)
NUMBERS = itertools.count()
kinds = st.sampled_from([*sorted(MEDIA), "multipart/related; boundary=x", "text/html", ""]) | st.text(
    max_size=20
)
octets = st.binary(max_size=100) | st.sampled_from([PNG, AMR, b"--x\r\n\r\na\r\n--x--"])


@relaxed
@given(media=st.lists(st.tuples(kinds, octets), min_size=1, max_size=3))
async def test_any_attachment_gets_an_answer(
    media: list[tuple[str, bytes]], demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    before = (await demo_store.metrics.count_by_state()).get(State.QUEUED, 0)
    reply = await asker.ask(mms(*media, message_id=f"m{next(NUMBERS)}"))
    after = (await demo_store.metrics.count_by_state()).get(State.QUEUED, 0)
    assert (reply.status, reply.body) in {(200, b"result_code=%d" % code) for code in (0, 1, 8)}
    assert (after - before == 1) is (reply.body == b"result_code=0")


@given(
    st.lists(
        st.builds(Attachment, st.text('abc/;= "-', min_size=1), st.binary(min_size=1, max_size=50)),
        max_size=4,
    )
)
def test_what_is_written_is_read_back(written: list[Attachment]) -> None:
    stripped = [Attachment(each.content_type.strip() or "x", each.octets) for each in written]
    form = dict(parse_qsl(attachments.write(stripped), keep_blank_values=True))
    assert attachments.read(form) == tuple(stripped)


PARTS = as_column([KeptPart("image/png", "d" * 64, len(PNG)), KeptPart("audio/amr", "e" * 64, len(AMR))])
FACTS = InboundFacts(7, "mmsc", "4512345678", "74700", "Se her", "", "", 1, 1, "genesys", NOON, PARTS)
DUE = DueInbound(3, "lane", 0, FACTS, (Attachment("image/png", PNG), Attachment("audio/amr", AMR)))


@pytest.mark.parametrize("name", POLICIES)
def test_every_dialect_tells_of_a_multimedia_message(name: str) -> None:
    request = POLICIES[name].inbound(DUE, Endpoint("http://x/y"), NOON)
    told = request.body.decode() + request.url
    assert "Se+her" in told or "Se her" in told


def test_genesys_tells_of_the_pictures_and_skycore_that_there_are_some() -> None:
    body = POLICIES["genesys"].inbound(DUE, Endpoint("http://x/y"), NOON).body.decode()
    told = {name: values[0] for name, values in parse_qs(body).items()}
    assert (told["mms_attachment[0].content_type"], told["message"]) == ("image/png", "Se her")
    assert b64decode(told["mms_attachment[1].content"]) == AMR
    assert len(parse_qsl(body, keep_blank_values=True)) == 10
    body = POLICIES["skycore"].inbound(DUE, Endpoint("http://x/y"), NOON).body.decode()
    assert "<ORIGIN>MMS_MO</ORIGIN><CODE>N401</CODE>" in body
