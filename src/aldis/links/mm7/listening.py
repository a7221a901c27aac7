"""What an MMSC asks of us: takes its reports and what handsets send, and says yes when they are kept.

Whoever asks must show the link's user and password, and is slowed down where that is guessed, as customers
are (docs/decisions/0028-guessing-passwords.md). The server under it is `app/`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from aldis.accounts.credentials import hash_password
from aldis.addresses import network_of
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.links.contract import Done, LinkDependencies, Listening
from aldis.links.mm7.entry import CONNECTIONS, Mm7Entry
from aldis.links.mm7.translate import to_inbound, to_receipt
from aldis.listening.inline_task import InlineTask
from aldis.mms.access import Access, shown_in
from aldis.mms.mm7 import BrokenMm7, DeliverReq, DeliveryReportReq, Message, Response, read_message, write
from aldis.mms.parts import BrokenMime
from aldis.mms.status import Mm7Status
from aldis.stages.passwords import PasswordTry, TooManyTries
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
        self._password_hash = hash_password(Access(entry.listen_user, entry.listen_password).encoded)
        self._verify = around.verify_password
        self._clock = around.clock
        self._on_receipt = around.take_receipt
        self._on_inbound = around.take_mms
        self._note = partial(around.metrics.anomalies.note, entry.name, Anomaly.UNKNOWN_STATE)

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Answer one request, when what it brings is kept."""
        shown = shown_in(request.header(b"authorization"))
        if not shown:
            answer(_unknown())
            return
        # the user is a part of what is guessed: a link has one
        source = network_of(request.peer)
        tried = PasswordTry(f"link {self._link}", source, shown, self._password_hash)
        InlineTask(self._verify(tried), partial(self._serve, request, answer))

    def _serve(
        self,
        request: HttpRequest,
        answer: Callable[[HttpReply], None],
        verdict: bool | TooManyTries,  # noqa: FBT001 - what the verifier answers
    ) -> None:
        if isinstance(verdict, TooManyTries):
            wait = b"%.0f" % max(1.0, verdict.wait_s)
            answer(_with_header(_fault(Mm7Status.SERVICE_UNAVAILABLE, UNAVAILABLE), b"Retry-After", wait))
        elif not verdict:
            answer(_unknown())
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


def _unknown() -> HttpReply:
    """Answer who shows no password, or a wrong one. Source: RFC 9110 §11.6.1."""
    reply = _fault(Mm7Status.IMPROPER_IDENTIFICATION, 401)
    return _with_header(reply, b"WWW-Authenticate", b'Basic realm="MM7"')


def _with_header(reply: HttpReply, name: bytes, value: bytes) -> HttpReply:
    return msgspec.structs.replace(reply, headers=((name, value),))


def _reply(response: Response, http_status: int) -> HttpReply:
    written = write(response)
    return HttpReply(http_status, written.content_type.encode(), written.octets)
