"""What operators ask for, as they write it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aldis.accounts.directory import assemble
from aldis.admin import query_params
from aldis.errors import AdminError
from aldis.store.contract.search import EVER, MessageFilter
from aldis.traffic.states import State

NOW = 1_795_262_400_000  # 2026-11-21T12:00Z
NOBODY = assemble(1, [], [], [], [], [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"number": "+1 (480) 555-0100"}, {"number": "14805550100"}),
        ({"number": "0014805550100"}, {"number": "14805550100"}),
        ({"number": "Aldis"}, {"number": "Aldis"}),
        ({"id": "17", "sender": " 74700 "}, {"message_id": 17, "sender": "74700"}),
        ({"country": "dk"}, {"country": "DK"}),
        ({"state": "queued,sent"}, {"states": (State.QUEUED, State.SENT)}),
        ({"state": "open"}, {"states": (State.QUEUED, State.SENDING, State.SENT)}),
        ({"since": "90m"}, {"since": NOW - 5_400_000}),
        ({"since": "2026-11-21"}, {"since": NOW - 43_200_000}),
        ({"since": "2026-11-21T11:00"}, {"since": NOW - 3_600_000}),
        ({"since": "2026-11-21T11:00+01:00"}, {"since": NOW - 7_200_000}),
        ({"until": "2026-11-21"}, {"until": NOW + 43_200_000}),
        ({"until": "2026-11-21T13:00Z"}, {"until": NOW + 3_600_000}),
    ],
)
def test_a_search_is_read(given: dict[str, str], expected: dict[str, Any]) -> None:
    assert query_params.messages_wanted(given, NOBODY, NOW) == msgspec.structs.replace(
        MessageFilter(), **expected
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"id": "-1"}, "`id` is a whole number from 0 to "),
        ({"id": "²"}, "`id` is a whole number from 0 to "),
        ({"id": str(EVER + 1)}, "`id` is a whole number from 0 to "),
        ({"account": "nobody"}, "no account `nobody`"),
        ({"state": "lost"}, "state is one of open"),
        ({"since": "soon"}, "since is a time such as"),
        ({"since": "0001-01-01"}, "since is a time such as"),
        ({"since": "1h", "until": "2h"}, "until lies before since"),
        ({"sender": "x" * 201}, "more than 200 characters"),
    ],
)
def test_what_makes_no_sense_is_told(given: dict[str, str], words: str) -> None:
    with pytest.raises(AdminError, match=words):
        query_params.messages_wanted(given, NOBODY, NOW)


def test_events_of_postbacks() -> None:
    assert query_params.postbacks_wanted({"event": "inbound", "lane": "l"}, NOBODY).event == "inbound"
    with pytest.raises(AdminError, match="event is"):
        query_params.postbacks_wanted({"event": "x"}, NOBODY)


def test_nobodys_messages() -> None:
    assert query_params.inbound_wanted({"account": "-"}, NOBODY, NOW).nobodys
