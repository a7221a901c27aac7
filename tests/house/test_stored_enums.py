"""What the values of enums mean in databases that exist: a value that was written once means the same for good.

Every enum of the source stands here, as stored or as not; of the stored ones all values are told. A value may be
added; one that is changed or given to another member is read wrongly after an upgrade.
"""

from __future__ import annotations

import ast
from enum import IntEnum, IntFlag, StrEnum
from pathlib import Path

import pytest

from aldis.accounts.staff import Role
from aldis.sms.encoding import Encoded, Encoding
from aldis.sms.fitting import ChosenEncoding, Kept, from_coding
from aldis.sms.national_tables import Language
from aldis.sms.segments import SPLITTING_NUMBERS, Splitting
from aldis.stages.rates import Unit
from aldis.store.contract.actions import CommandKind
from aldis.store.contract.events import EventKind
from aldis.store.contract.link_states import Wanted
from aldis.store.contract.nodes import NodeState
from aldis.traffic.bulk import JobState
from aldis.traffic.consent import ConsentKind, ConsentSource
from aldis.traffic.content import MMS
from aldis.traffic.postback import Notify, PostbackEvent
from aldis.traffic.receipt import ReceiptState
from aldis.traffic.states import Event, State
from aldis.traffic.submission import Priority

SRC = Path(__file__).parents[2] / "src"

#: enums that are stored as their numbers
NUMBERS: dict[type[IntEnum | IntFlag], dict[str, int]] = {
    Encoding: {"GSM7": 0, "UCS2": 1, "OCTETS": 2},
    Priority: {"BULK_LOW": 0, "BULK": 1, "INTERACTIVE_LOW": 2, "INTERACTIVE": 3},
    Notify: {"NOTHING": 0, "SENT": 1, "ENDED": 2, "FAILED": 4},
    Role: {"VIEWER": 1, "OPERATOR": 2, "ADMIN": 3},
    # not stored by us, but by programs, in the place from which they go on to listen
    EventKind: {"ACCEPTED": 0, "SENT": 1, "ENDED": 2, "POSTBACK": 3, "INBOUND": 4},
    Language: {
        "DEFAULT": 0,
        "TURKISH": 1,
        "SPANISH": 2,
        "PORTUGUESE": 3,
        "BENGALI": 4,
        "GUJARATI": 5,
        "HINDI": 6,
        "KANNADA": 7,
        "MALAYALAM": 8,
        "ORIYA": 9,
        "PUNJABI": 10,
        "TAMIL": 11,
        "TELUGU": 12,
        "URDU": 13,
    },
}

#: enums that are stored as their words
WORDS: dict[type[StrEnum], str] = {
    State: "queued sending sent unconfirmed delivered undelivered expired rejected deleted failed",
    # in the outcome journal
    Event: "claimed released submit_accepted submit_deferred submit_rejected submit_unacknowledged"
    " attempts_exhausted validity_passed cancelled owner_lost_held receipt_delivered"
    " receipt_undelivered receipt_expired receipt_rejected receipt_deleted receipt_overdue",
    ReceiptState: "enroute delivered undelivered expired rejected deleted",
    PostbackEvent: "sent ended",
    JobState: "filling ready running paused done cancelled",
    CommandKind: "cancel again try_again",
    Wanted: "running draining stopped",
    NodeState: "serving leaving left",
    ConsentKind: "opt_in opt_out",
    ConsentSource: "handset api file console",
    Unit: "messages segments",
}

#: what is stored for the members of Splitting
SPLITTINGS = {Splitting.UDH_8: 0, Splitting.UDH_16: 1, Splitting.SAR: 2, Splitting.PAYLOAD: 3}

#: enums that live in memory, in settings or on a wire whose specification numbers them
NOT_STORED = {
    *(
        "address.NumberType",
        "assembler.Phase",
        "shared.CountChange",
        "checkup.CheckResult",
        "command.CommandId",
        "consent.Word",
    ),
    *("contract.Check", "dcs.Alphabet", "fitting.DefaultAlphabet", "writer_protocol.Kind"),
    *(
        "lanes.WaitsFor",
        "media.MediaKind",
        "number_plans.KnownBy",
        "numbering.Numbering",
        "receipt_text.MessageState",
        "refusal.RefusalReason",
    ),
    *("status.Mm7Status", "anomalies.Anomaly", "receipt.Spelling"),
    *("routing.Unroutable", "session.Role", "session.SessionState", "timers.TimerAction"),
    *("tlv.ValueKind", "verdicts.Verdict", "search.Grouping"),
}


def enums_of_the_source() -> set[str]:
    """Name every class of which a base is one of the enum module's, with its module."""
    bases = {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}
    return {
        f"{path.stem}.{node.name}"
        for path in SRC.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and bases & {ast.unparse(each) for each in node.bases}
    }


def test_every_enum_is_pinned_or_known_not_to_be_stored() -> None:
    pinned = {
        f"{each.__module__.rpartition('.')[2]}.{each.__name__}" for each in (*NUMBERS, *WORDS, Splitting)
    }
    assert enums_of_the_source() == NOT_STORED | pinned


@pytest.mark.parametrize(
    ("stored", "values"), NUMBERS.items(), ids=lambda each: getattr(each, "__name__", "")
)
def test_stored_numbers(stored: type[IntEnum | IntFlag], values: dict[str, int]) -> None:
    assert {name: member.value for name, member in stored.__members__.items()} == values


@pytest.mark.parametrize(("stored", "values"), WORDS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_stored_words(stored: type[StrEnum], values: str) -> None:
    assert {member.value for member in stored} == set(values.split())
    assert [member.name.lower() for member in stored] == [member.value for member in stored]


def test_stored_splittings() -> None:
    assert SPLITTING_NUMBERS == SPLITTINGS
    assert set(SPLITTINGS) == set(Splitting)


#: columns `coding` as releases wrote them, and what they mean
CODINGS = (
    (0x00_00_00_00_00, Encoding.GSM7, 0, 0, Splitting.UDH_8, None),
    (0x00_00_00_00_01, Encoding.UCS2, 0, 0, Splitting.UDH_8, None),
    (0x00_00_00_00_02, Encoding.OCTETS, 0, 0, Splitting.UDH_8, None),
    (0x00_00_00_01_00, Encoding.GSM7, 0, 1, Splitting.UDH_8, None),
    (0x00_00_03_00_00, Encoding.GSM7, 3, 0, Splitting.UDH_8, None),
    (0x00_01_00_00_01, Encoding.UCS2, 0, 0, Splitting.UDH_16, None),
    (0x00_02_00_00_00, Encoding.GSM7, 0, 0, Splitting.SAR, None),
    (0x00_03_01_01_00, Encoding.GSM7, 1, 1, Splitting.PAYLOAD, None),
    (0x01_00_00_00_00, Encoding.GSM7, 0, 0, Splitting.UDH_8, 0),
    (0x03_02_00_00_01, Encoding.UCS2, 0, 0, Splitting.SAR, 2),
)


@pytest.mark.parametrize(("coding", "encoding", "locking", "single", "splitting", "message_class"), CODINGS)
def test_a_stored_coding_keeps_its_meaning(
    coding: int,
    encoding: Encoding,
    locking: int,
    single: int,
    splitting: Splitting,
    message_class: int | None,
) -> None:
    encoded = Encoded(encoding, b"\x01", locking, single)
    assert from_coding(coding, b"\x01") == Kept(encoded, splitting, message_class)
    assert ChosenEncoding(encoded, splitting, 2, message_class).coding == coding


def test_no_coding_of_a_text_is_that_of_a_multimedia_message() -> None:
    assert MMS == 0xFF
    assert MMS not in set(Encoding)
