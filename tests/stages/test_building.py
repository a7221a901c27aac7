"""What was found out about a submission lands in the columns that it belongs to, for every recipient."""

from __future__ import annotations

import msgspec

from aldis.accounts.account import ANONYMOUS
from aldis.accounts.credentials import Credential
from aldis.accounts.directory import assemble
from aldis.accounts.numbering import Recipient
from aldis.accounts.routing import Router
from aldis.clock import SystemClock
from aldis.dialects.registry import POLICIES
from aldis.sms.encoding import Encoded, Encoding
from aldis.sms.fitting import ChosenEncoding
from aldis.sms.segments import Splitting
from aldis.stages.admission.building import Deadlines, messages_of
from aldis.stages.admission.context import AdmissionContext, ContentLimits, ResolvedRequest, Routed
from aldis.stages.rates import AccountRates
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.message import NewMessage
from aldis.traffic.postback import Notify
from aldis.traffic.submission import MessageAsk, Priority, Submission

NOW, DAY_S = 1_700_000_000_000, 86_400
DEADLINES = Deadlines(validity_s=2 * DAY_S, receipt_patience_s=3 * DAY_S)
ASK = MessageAsk(
    recipients=("447700900001", "4512345678"),
    text="Hej",
    priority=Priority.INTERACTIVE,
    client_reference="ours",
    wants_receipt=True,
    echo={"app_id": "7"},
    callback_url="http://customer.example:8080/dlr",
    send_at=NOW + 5_000,
    validity_s=DAY_S,
    label="spring",
)
#: as they stand in the store, the first of two
FIRST = {
    "message_id": 41,
    "submission_id": 41,
    "account_id": 9,
    "dialect": "genesys",
    "reference": "ours",
    "duplicate_scope": "0123456789abcdef",
    "link": "north",
    "priority": 3,
    "sender": "74700",
    "recipient": "447700900001",
    "country": "GB",
    "coding": 0,
    "octets": b"Hej",
    "segments": 1,
    "price_micros": 20,
    "notify": Notify.ENDED,
    "lane": "9 http://customer.example:8080 33",
    "callback_url": "http://customer.example:8080/dlr",
    "echo": b'{"app_id":"7"}',
    "accepted_at": NOW,
    "due_at": NOW + 5_000,
    "expires_at": NOW + 5_000 + DAY_S * 1000,
    "review_at": NOW + 5_000 + DAY_S * 1000,
    "label": "spring",
    "backups": '["south"]',
    "exempt": False,
    "parts": "",
}
#: where the second differs
SECOND = {
    "message_id": 42,
    "duplicate_scope": "",
    "link": "south",
    "recipient": "4512345678",
    "country": "DK",
    "price_micros": 30,
    "backups": "",
}


def built(ask: MessageAsk) -> list[NewMessage]:
    fitted = ChosenEncoding(Encoded(Encoding.GSM7, b"Hej"), Splitting.UDH_8, 1)
    found = ResolvedRequest(
        ask,
        recipients=[Recipient("447700900001", "GB"), Recipient("4512345678", "DK")],
        sender="74700",
        routes=[Routed("north", 20, fitted, ("south",)), Routed("south", 30, fitted, ())],
    )
    context = AdmissionContext(
        POLICIES["genesys"],
        assemble(1, [], [], [], [], []),
        Submission(Caller(Presented("genesys", "x")), (ask,)),
        Router({}, lambda _: True),
        AccountRates(SystemClock()),
        [found],
        ContentLimits(),
        has_content=False,
        count=2,
        credential=Credential("strict", "genesys", "0123456789abcdef0123456789abcdef"),
        account=msgspec.structs.replace(ANONYMOUS, account_id=9, name="strict"),
    )
    return list(messages_of(context, found, [41, 42], DEADLINES, NOW))


def test_every_value_has_its_column() -> None:
    first, second = built(ASK)
    assert msgspec.structs.asdict(first) == FIRST
    assert msgspec.structs.asdict(second) == FIRST | SECOND


def test_deadlines_are_those_of_the_house_where_the_customer_names_none() -> None:
    plain = msgspec.structs.replace(ASK, send_at=0, validity_s=None, callback_url=None, client_reference=None)
    first, _ = built(plain)
    assert (first.due_at, first.expires_at) == (NOW, NOW + 2 * DAY_S * 1000)
    assert first.review_at == first.expires_at
    assert (first.notify, first.lane, first.callback_url) == (Notify.NOTHING, "", "")
    assert (first.reference, first.duplicate_scope) == ("41", "")
    late, _ = built(msgspec.structs.replace(plain, validity_s=9 * DAY_S))
    assert late.expires_at - NOW == 9 * DAY_S * 1000
    assert late.review_at - NOW == 2 * DAY_S * 1000
