"""The simulated MMSC: takes messages in MM7, brings them to the handsets, reports, and hands over what
handsets send; it misbehaves by the same table as the SMSC.

Reports and messages wait until whoever hears them says yes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BytesIO

import aiohttp
import msgspec

from aldis.clock import as_datetime
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.mms.access import Access
from aldis.mms.composing import compose
from aldis.mms.mm7 import (
    BrokenMm7,
    DeliverReq,
    DeliveryReportReq,
    Mm7Body,
    Response,
    SubmitReq,
    read_message,
    write,
)
from aldis.mms.parts import BrokenMime, Part
from aldis.mms.status import Mm7Status
from aldis.simulator.behaviour import Behaviour, behaviour_for, reaches_handset
from aldis.simulator.memory import Memory
from aldis.smpp import status
from aldis.smpp.receipt_text import MessageState

#: how long to wait before repeating what was not taken
REPEAT_S = 0.5
#: how long what is pending may take when the simulator stops
DRAIN_S = 2.0
#: a report that comes before the answer comes so much before it
BEFORE_S = 0.2
MAX_PENDING = 10_000

STATUSES = {
    MessageState.DELIVERED: "Retrieved",
    MessageState.EXPIRED: "Expired",
    MessageState.REJECTED: "Rejected",
    MessageState.UNDELIVERABLE: "Unreachable",
}


class VaspSettings(msgspec.Struct, frozen=True):
    """Where reports and what handsets send go, and what is shown there."""

    #: "": nowhere
    url: str = ""
    access: Access = Access()


class Mmsc:
    """An MMSC on the view's server."""

    def __init__(self, memory: Memory, vasp: VaspSettings) -> None:
        self._memory = memory
        self._vasp = vasp
        self._pending: deque[DeliveryReportReq | DeliverReq] = deque(maxlen=MAX_PENDING)
        self._has_work = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Send what is pending from now on."""
        self._sending = asyncio.create_task(self._send_all())

    async def stop(self) -> None:
        """Send what is pending, but not for long."""
        deadline = self._memory.clock.monotonic() + DRAIN_S
        while self._pending and self._vasp.url and self._memory.clock.monotonic() < deadline:
            await asyncio.sleep(0.02)
        if self._sending is not None:
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending

    def write(self, handset: str, number: str, text: str, media: Sequence[Part]) -> bool:
        """Have a handset send pictures to a number; False when nobody listens."""
        if not self._vasp.url:
            return False
        content = compose(text, media)
        letter = DeliverReq(
            transaction_id=f"mo-{self._memory.next_id()}",
            sender=handset,
            recipients=(number,),
            at=as_datetime(self._memory.clock.now()),
            content=content,
        )
        self._owe(letter)
        return True

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Answer one SubmitReq."""
        if not self._is_known(request.header(b"authorization")):
            answer(_reply(Response("RSErrorRsp", "", Mm7Status.IMPROPER_IDENTIFICATION), 401))
            return
        try:
            asked = read_message(request.header(b"content-type"), request.body)
            if isinstance(asked, SubmitReq) and asked.content is not None:
                self._take(asked, asked.content, answer)
            else:
                refusal = Response("RSErrorRsp", asked.transaction_id, Mm7Status.UNSUPPORTED_OPERATION)
                answer(_reply(refusal, 500))
        except BrokenMm7 as fault:
            answer(_reply(Response("RSErrorRsp", fault.transaction_id, fault.code), 500))
        except BrokenMime:
            answer(_reply(Response("RSErrorRsp", "", Mm7Status.FORMAT_CORRUPT), 500))

    def _is_known(self, authorization: str) -> bool:
        settings = self._memory.settings
        return not settings.system_id or Access(settings.system_id, settings.password).is_shown(authorization)

    def _take(self, asked: SubmitReq, content: Part, answer: Callable[[HttpReply], None]) -> None:
        memory, behaviour = self._memory, behaviour_for(asked.recipient)
        if behaviour.drops_connection and asked.recipient not in memory.dropped:
            memory.dropped.add(asked.recipient)
            memory.answers["dropped"] += 1
            answer(HttpReply(503, b"text/plain", b"come again\n"))
            return
        refusal = self._refusal(asked.recipient, behaviour)
        memory.answers[f"MM7 {refusal}"] += 1
        if refusal != Mm7Status.SUCCESS:
            answer(_reply(Response("SubmitRsp", asked.transaction_id, refusal), 200))
            return
        message_id = f"mms-{memory.next_id()}"
        reply = _reply(Response("SubmitRsp", asked.transaction_id, refusal, message_id), 200)
        if reaches_handset(behaviour):
            memory.handsets.receive_mms(asked.sender, asked.recipient, content, memory.clock.now())
        delay_s = behaviour.response_delay_s
        if behaviour.receipt_before_response:
            self._report(asked, behaviour, message_id)
            delay_s = BEFORE_S
        self._after(delay_s, lambda: answer(reply))
        if not behaviour.receipt_before_response:
            self._after(delay_s, lambda: self._report(asked, behaviour, message_id))

    def _refusal(self, recipient: str, behaviour: Behaviour) -> int:
        memory = self._memory
        if memory.is_stopping or memory.throttles(recipient, behaviour.throttled):
            return Mm7Status.SERVICE_UNAVAILABLE
        is_good = behaviour.submit_status == status.ESME_ROK
        return Mm7Status.SUCCESS if is_good else Mm7Status.ADDRESS_NOT_FOUND

    def _report(self, asked: SubmitReq, behaviour: Behaviour, message_id: str) -> None:
        if behaviour.receipt is None:
            return
        number = self._memory.next_id()
        report = DeliveryReportReq(
            transaction_id=f"report-{number}",
            message_id=message_id,
            sender=asked.sender,
            recipient=asked.recipient,
            at=as_datetime(self._memory.clock.now()),
            mm_status=STATUSES[behaviour.receipt],
        )
        for _ in range(behaviour.receipt_count):
            self._after(behaviour.receipt_delay_s, lambda: self._owe(report))

    def _owe(self, message: DeliveryReportReq | DeliverReq) -> None:
        if self._vasp.url:
            self._pending.append(message)
            self._has_work.set()

    def _after(self, delay_s: float, action: Callable[[], None]) -> None:
        if not delay_s:
            action()
        else:
            asyncio.get_running_loop().call_later(delay_s, action)

    async def _send_all(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                await self._has_work.wait()
                while self._pending:
                    if await self._is_taken(session, write(self._pending[0])):
                        self._note_taken(self._pending.popleft())
                    else:
                        await asyncio.sleep(REPEAT_S)
                self._has_work.clear()

    def _note_taken(self, message: DeliveryReportReq | DeliverReq) -> None:
        if isinstance(message, DeliveryReportReq):
            self._memory.receipts_acknowledged += 1
        else:
            self._memory.written_acknowledged += 1

    async def _is_taken(self, session: aiohttp.ClientSession, written: Mm7Body) -> bool:
        vasp = self._vasp
        headers = {"Content-Type": written.content_type, "SOAPAction": '""', **vasp.access.headers}
        try:
            async with session.post(vasp.url, data=BytesIO(written.octets), headers=headers) as reply:
                answer = read_message(reply.headers.get("Content-Type", ""), await reply.read())
        except (aiohttp.ClientError, OSError, BrokenMm7):
            return False
        return isinstance(answer, Response) and answer.code == Mm7Status.SUCCESS


def _reply(response: Response, http_status: int) -> HttpReply:
    written = write(response)
    return HttpReply(http_status, written.content_type.encode(), written.octets)
