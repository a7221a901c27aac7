"""Golden exchanges: a request's octets and the answer's, for every input form and refusal that the seeds
name.

Each case goes through the real door logic (`Door`) and real admission over a store with the demo's world, so
the table says what a customer sees. Ids are those of a fresh store: the first message is number 1.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from aldis.dialects.exchange import HttpReply
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker
from tests.dialects.case import Case
from tests.dialects.golden_genesys import GENE_CASES
from tests.dialects.golden_genesys_mms import MMS_CASES
from tests.dialects.golden_mavorion import MAVO_CASES
from tests.dialects.golden_mavorion_parameters import PARAMETER_CASES
from tests.dialects.golden_mavorion_queries import QUERY_CASES
from tests.dialects.golden_native import NATIVE_CASES
from tests.dialects.golden_skycore import SKY_CASES
from tests.dialects.golden_sumotext import SUMO_CASES
from tests.fakes.clock import FakeClock

CASES: list[Case] = [
    *(SUMO_CASES + MAVO_CASES + PARAMETER_CASES + QUERY_CASES),
    *(SKY_CASES + GENE_CASES + MMS_CASES + NATIVE_CASES),
]

GUID = re.compile(r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}")
INCIDENT = re.compile(r'"incident_uuid":"[0-9a-f-]{36}"')


def shown(reply: HttpReply) -> str:
    """Replace what is random by its name."""
    text = reply.body.decode()
    text = INCIDENT.sub('"incident_uuid":"UUID"', text)
    return GUID.sub(lambda found: "NOGUID" if set(found[0]) <= {"0", "-"} else "GUID", text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_request_and_its_answer(case: Case, demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    for earlier in case.after:
        await asker.ask(earlier)
    reply = await asker.ask(case.request)
    assert (reply.status, shown(reply)) == (case.status, case.answer)


async def test_only_accepted_requests_store_anything(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    stored = 0
    for case in CASES:
        if case.after:
            continue
        reply = await asker.ask(case.request)
        text = shown(reply)
        accepted = '"ErrNum":0' in text or "<ErrNum>0" in text or "Success" in text or text == "result_code=0"
        stored += (accepted or '"ids":[' in text or reply.status == 202) * case.messages
    counts: dict[str, Any] = dict(await demo_store.metrics.count_by_state())
    assert counts == {"queued": stored}
