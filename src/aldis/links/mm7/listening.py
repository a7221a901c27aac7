"""What an MMSC asks of us: takes its reports and what handsets send, and says yes when they are kept.

Whoever asks must show the link's user and password. The server under it is `app/`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.links.contract import Done, LinkDependencies, Listening
from aldis.links.mm7.entry import CONNECTIONS, Mm7Entry
from aldis.links.mm7.translate import to_inbound, to_receipt
from aldis.mms.access import Access
from aldis.mms.mm7 import BrokenMm7, DeliverReq, DeliveryReportReq, Message, Response, read_message, write
from aldis.mms.parts import BrokenMime
from aldis.mms.status import Mm7Status
from aldis.traffic.anomalies import Anomaly

log = structlog.get_logger()

#: a fault of SOAP. Source: SOAP 1.1 §6
FAULT = 500
UNAVAILABLE = 503
#: what is taken at once: an envelope around the largest message
MAX_OCTETS = 4_194_304


def listening(entry: Mm7Entry, around: LinkDependencies) -> Listening | None:
    """Give what answers a link's MMSC; None for a link that is not asked."""
    if not entry.listen:
        return None
    return Listening(
        serve=Listener(entry, around).serve,
        certificate=entry.listen_certificate,
        key=entry.listen_key,
        body_octets=MAX_OCTETS,
        connections=CONNECTIONS,
    )


class Listener:
    """One link's."""

    def __init__(self, entry: Mm7Entry, around: LinkDependencies) -> None:
        self._link = entry.name
        self._access = Access(entry.listen_user, entry.listen_password)
        self._clock = around.clock
        self._on_receipt = around.take_receipt
        self._on_inbound = around.take_mms
        self._note = partial(around.metrics.anomalies.note, entry.name, Anomaly.UNKNOWN_STATE)

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Answer one request, when what it brings is kept."""
        if not self._access.is_shown(request.header(b"authorization")):
            reply = _fault(Mm7Status.IMPROPER_IDENTIFICATION, 401)
            answer(msgspec.structs.replace(reply, headers=((b"WWW-Authenticate", b'Basic realm="MM7"'),)))
        elif not request.body_fits:
            answer(_fault(Mm7Status.CONTENT_REFUSED, 413))
        elif request.method != "POST":
            answer(_fault(Mm7Status.UNSUPPORTED_OPERATION, 405))
        else:
            try:
                message = read_message(request.header(b"content-type"), request.body)
                self._take(message, answer)
            except BrokenMm7 as fault:
                log.warning("what an MMSC sent cannot be read", link=self._link, fault=str(fault))
                answer(_fault(fault.code, FAULT, fault.transaction_id))
            except BrokenMime as fault:
                log.warning("what a handset sent cannot be read", link=self._link, fault=str(fault))
                answer(_fault(Mm7Status.FORMAT_CORRUPT, FAULT))

    def _take(self, message: Message, answer: Callable[[HttpReply], None]) -> None:
        now = self._clock.now()
        match message:
            case DeliveryReportReq() if message.message_id:
                told = Response("DeliveryReportRsp", message.transaction_id, Mm7Status.SUCCESS)
                self._on_receipt(to_receipt(message, self._link, now, self._note), _once(1, told, answer))
            case DeliverReq():
                told = Response("DeliverRsp", message.transaction_id, Mm7Status.SUCCESS)
                letters = to_inbound(message, self._link, now)
                done = _once(len(letters), told, answer)
                for letter in letters:
                    self._on_inbound(letter, done)
            case _:
                why = "this is nothing that an MMSC asks"
                raise BrokenMm7(Mm7Status.UNSUPPORTED_OPERATION, why, message.transaction_id)


def _once(count: int, told: Response, answer: Callable[[HttpReply], None]) -> Done:
    """Answer when so many are done: yes if all were kept, else that the MMSC should try again."""
    outcomes: list[bool] = []

    def done(kept: bool) -> None:  # noqa: FBT001 - what an intake calls
        """Hear of one."""
        outcomes.append(kept)
        if len(outcomes) == count:
            if all(outcomes):
                answer(_reply(told, 200))
            else:
                answer(_fault(Mm7Status.SERVER_ERROR, UNAVAILABLE, told.transaction_id))

    return done


def _fault(code: int, http_status: int, transaction_id: str = "") -> HttpReply:
    return _reply(Response("VASPErrorRsp", transaction_id, code), http_status)


def _reply(response: Response, http_status: int) -> HttpReply:
    written = write(response)
    return HttpReply(http_status, written.content_type.encode(), written.octets)
