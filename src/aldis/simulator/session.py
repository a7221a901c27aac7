"""One bind at the simulated SMSC: answers submits as the table says, sends receipts, keeps delays with the
loop's timers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from aldis.clock import as_datetime
from aldis.errors import LocalProtocolError
from aldis.listening.slot import ConnectionSlot
from aldis.simulator.behaviour import Behaviour, behaviour_for, reaches_handset
from aldis.simulator.memory import Memory
from aldis.simulator.submitted import (
    PendingDelivery,
    Submitted,
    as_deleted,
    of_multi,
    of_submit,
    write_receipt,
)
from aldis.smpp import status, time_format, tlv
from aldis.smpp.command import CommandId
from aldis.smpp.connection import (
    FIRST_WITH_TLVS,
    Connection,
    Event,
    RequestArrived,
    ResponseArrived,
    ResponseOverdue,
    SessionEnded,
)
from aldis.smpp.multi import MAX_DESTINATIONS, DistributionList, UnsuccessfulSme
from aldis.smpp.pdus import (
    Bind,
    BindResp,
    CancelSm,
    DataSm,
    MessageIdBody,
    Pdu,
    QuerySm,
    QuerySmResp,
    ShortMessageBody,
    SubmitMulti,
    SubmitMultiResp,
)
from aldis.smpp.receipt_text import MessageState
from aldis.smpp.session import BIND_STATES, Role, SessionState
from aldis.smpp.status import ESME_RCANCELFAIL, ESME_RINVDLNAME, ESME_RQUERYFAIL, ESME_RREPLACEFAIL

#: of a short message; data_sm and careless peers bring longer ones. Source: SMPP v3.4 §4.4.1
MAX_ADDRESS = 20
#: unacknowledged receipts on one bind
RECEIPT_WINDOW = 500
#: how long to wait before repeating a receipt that the customer could not keep
REPEAT_S = 1.0
#: registered_delivery, bits 1-0. Source: SMPP v3.4 §5.2.17
WANTS_FAILURES = 2


class SmscSession(asyncio.Protocol):
    """One TCP connection from an ESME; once bound, a `Receiver` of receipts."""

    def __init__(self, memory: Memory, sessions: set[SmscSession], slot: ConnectionSlot) -> None:
        self._memory = memory
        self._slot = slot
        self._sessions = sessions
        self._system_id = ""
        self._connection: Connection[PendingDelivery] = Connection(
            Role.SMSC, memory.clock.monotonic(), memory.settings.timers
        )
        self._transport: asyncio.Transport | None = None
        self._flush_is_due = False
        self._is_closing = False
        #: receipts of this session whose delay is running
        self._delayed: dict[int, tuple[asyncio.TimerHandle, PendingDelivery]] = {}

    # ── asyncio's side ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from asyncio's
        self._sessions.add(self)
        if self._slot.is_refused:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._take(self._connection.receive(data, self._memory.clock.monotonic()))
        self._flush()

    def pause_writing(self) -> None:
        """Read nothing more from who does not read our answers."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._slot.free()
        self._sessions.discard(self)
        self._memory.unbound(self._system_id, self)
        for receipt in self._connection.abandon():
            self._memory.owe(self._system_id, receipt)
        self._memory.pump(self._system_id)

    # ── the SMSC's side ──

    @property
    def is_owing(self) -> bool:
        """Whether receipts are still unacknowledged or delayed here."""
        return bool(self._delayed or self._connection.in_flight)

    def receipt_room(self) -> int:
        hears = self._connection.state in (SessionState.BOUND_RX, SessionState.BOUND_TRX)
        return RECEIPT_WINDOW - self._connection.in_flight if hears else 0

    def deliver(self, receipt: PendingDelivery) -> None:
        now = self._memory.clock.monotonic()
        tlvs = receipt.tlvs if self._connection.knows_tlvs else {}
        with suppress(LocalProtocolError):  # it answers an address that a deliver_sm cannot hold
            self._connection.request(CommandId.deliver_sm, receipt.body, receipt, now, tlvs)
        self._flush_soon()

    def tick(self) -> None:
        """Let the session's timers run."""
        self._take(self._connection.poll(self._memory.clock.monotonic()))
        self._flush()

    def hurry(self) -> None:
        """Owe at once what was delayed: the SMSC is stopping."""
        for key in list(self._delayed):
            timer, receipt = self._delayed.pop(key)
            timer.cancel()
            self._memory.owe(self._system_id, receipt)
        self._memory.pump(self._system_id)

    def say_goodbye(self) -> None:
        """Unbind."""
        self._connection.unbind()
        self._flush()

    def close(self) -> None:
        """Close after what has been written."""
        self._flush()
        self._is_closing = True
        if self._transport is not None:
            self._transport.close()

    # ── what arrives ──

    def _take(self, events: list[Event[PendingDelivery]]) -> None:
        for event in events:
            if self._is_closing:
                return
            match event:
                case RequestArrived(pdu) if isinstance(pdu.body, Bind):
                    self._take_bind(pdu, pdu.body)
                case RequestArrived(pdu):
                    self._take_request(pdu)
                case ResponseArrived(receipt, pdu):
                    self._take_receipt_answer(receipt, pdu)
                case ResponseOverdue(receipt):
                    self._memory.owe(self._system_id, receipt)
                case SessionEnded():
                    self.close()
                case _:
                    pass
        if events:
            self._memory.pump(self._system_id)

    def _take_bind(self, pdu: Pdu, body: Bind) -> None:
        verdict = self._memory.admit(body.system_id, body.password)
        if verdict != status.ESME_ROK:
            self._connection.respond(pdu, verdict)
            self.close()
            return
        self._system_id = body.system_id
        tlvs = {tlv.SC_INTERFACE_VERSION: b"\x34"} if body.interface_version >= FIRST_WITH_TLVS else {}
        self._connection.respond(pdu, body=BindResp(system_id="aldis-smsc"), tlvs=tlvs)
        if pdu.command_id in BIND_STATES:
            self._memory.bound(self._system_id, self)

    def _take_request(self, pdu: Pdu) -> None:
        match pdu.body:
            case ShortMessageBody() | DataSm() as body:
                self._take_submission(pdu, of_submit(pdu, body))
            case SubmitMulti() as body:
                self._take_multi(pdu, body)
            case QuerySm() as body:
                self._take_query(pdu, body)
            case CancelSm() as body:
                self._take_cancel(pdu, body)
            case _:  # replace_sm: what was taken is with the handset
                self._connection.respond(pdu, ESME_RREPLACEFAIL)

    def _take_receipt_answer(self, receipt: PendingDelivery, pdu: Pdu) -> None:
        if pdu.command_status == status.ESME_ROK:
            if receipt.smsc_message_id:
                self._memory.receipts_acknowledged += 1
            else:
                self._memory.written_acknowledged += 1
        elif pdu.command_status == status.ESME_RX_T_APPN:
            self._later(REPEAT_S, receipt)

    def _take_submission(self, pdu: Pdu, asked: Submitted) -> None:
        """Take a submit_sm or data_sm."""
        memory, recipient = self._memory, asked.arriving.recipient
        behaviour, mischief = behaviour_for(recipient), memory.mischiefs.draw()
        if mischief.drops or (behaviour.drops_connection and recipient not in memory.dropped):
            memory.dropped.add(recipient)
            memory.answers["dropped"] += 1
            self.close()  # after the answers to what came before; what comes behind is not looked at
            return
        refusal = mischief.refusal or self._refusal(recipient, behaviour)
        memory.answers[status.name(refusal)] += 1
        if refusal != status.ESME_ROK:
            self._connection.respond(pdu, refusal)
            return
        behaviour = mischief.bend(behaviour)
        number = memory.next_id()
        in_response = f"{number:X}" if behaviour.id_in_hex else str(number)
        if behaviour.receipt_before_response:
            self._carry(asked, behaviour, str(number))
            memory.pump(self._system_id)
        self._after(
            behaviour.response_delay_s, lambda: self._connection.respond(pdu, body=MessageIdBody(in_response))
        )
        if not behaviour.receipt_before_response:
            self._after(behaviour.response_delay_s, lambda: self._carry(asked, behaviour, str(number)))

    def _take_multi(self, pdu: Pdu, body: SubmitMulti) -> None:
        """Take a submit_multi: one id for all, and a list of those who are refused. Source: SMPP v3.4
        §4.5.
        """
        if len(body.dest_addresses) > MAX_DESTINATIONS:
            self._connection.respond(pdu, status.ESME_RINVNUMDESTS)
            return
        memory, number = self._memory, str(self._memory.next_id())
        refused: list[UnsuccessfulSme] = []
        for destination in body.dest_addresses:
            if isinstance(destination, DistributionList):
                memory.answers["ESME_RINVDLNAME"] += 1
                refused.append(UnsuccessfulSme(0, 0, destination.dl_name[:MAX_ADDRESS], ESME_RINVDLNAME))
                continue
            asked = of_multi(pdu, body, destination)
            behaviour, mischief = behaviour_for(destination.destination_addr), memory.mischiefs.draw()
            refusal = mischief.refusal or self._refusal(destination.destination_addr, behaviour)
            memory.answers[status.name(refusal)] += 1
            if refusal == status.ESME_ROK:
                self._carry(asked, mischief.bend(behaviour), number)
            else:
                number_of = destination.destination_addr[:MAX_ADDRESS]
                to = (destination.dest_addr_ton, destination.dest_addr_npi, number_of)
                refused.append(UnsuccessfulSme(*to, refusal))
        self._connection.respond(pdu, body=SubmitMultiResp(number, tuple(refused)))

    def _refusal(self, recipient: str, behaviour: Behaviour) -> int:
        memory = self._memory
        if len(recipient) > MAX_ADDRESS:
            return status.ESME_RINVDSTADR
        if memory.is_stopping:
            return status.ESME_RSYSERR
        if memory.throttles(recipient, behaviour.throttled):
            return status.ESME_RTHROTTLED
        return behaviour.submit_status

    def _carry(self, asked: Submitted, behaviour: Behaviour, smsc_message_id: str) -> None:
        """Bring it to the handset, and promise the receipts that were asked for."""
        memory = self._memory
        memory.taken.add(smsc_message_id, asked.arriving.sender, behaviour, memory.clock.now())
        if reaches_handset(behaviour):
            memory.handsets.receive(asked.arriving, memory.clock.now())
        wanted, state = asked.registered_delivery & 0x03, behaviour.receipt
        if state is None or wanted == 0 or (wanted == WANTS_FAILURES and state is MessageState.DELIVERED):
            return
        receipt = write_receipt(asked, behaviour, state, smsc_message_id, memory.clock.now())
        for _ in range(behaviour.receipt_count):
            if behaviour.receipt_delay_s:
                self._later(behaviour.receipt_delay_s, receipt)
            else:
                memory.owe(self._system_id, receipt)

    def _take_query(self, pdu: Pdu, body: QuerySm) -> None:
        found = self._memory.taken.find(body.message_id, body.source_addr, self._memory.clock.now())
        if found is None:
            self._connection.respond(pdu, ESME_RQUERYFAIL)
            return
        final = time_format.absolute(as_datetime(found.ends_at)) if found.has_ended else ""
        answer = QuerySmResp(body.message_id, final, found.state, found.error_code)
        self._connection.respond(pdu, body=answer)

    def _take_cancel(self, pdu: Pdu, body: CancelSm) -> None:
        """Cancel what has not ended: the receipt says DELETED instead. Source: SMPP v3.4 §4.9."""
        memory = self._memory
        found = memory.taken.find(body.message_id, body.source_addr, memory.clock.now())
        if found is None or found.has_ended:
            self._connection.respond(pdu, ESME_RCANCELFAIL)
            return
        memory.taken.cancel(body.message_id, memory.clock.now())
        self._connection.respond(pdu)
        for key, (timer, receipt) in list(self._delayed.items()):
            if receipt.smsc_message_id == body.message_id:
                timer.cancel()
                del self._delayed[key]
                memory.owe(self._system_id, as_deleted(receipt, memory.clock.now()))

    # ── time and output ──

    def _later(self, delay_s: float, receipt: PendingDelivery) -> None:
        key = self._memory.next_id()

        def due() -> None:
            self._delayed.pop(key, None)
            self._memory.owe(self._system_id, receipt)
            self._memory.pump(self._system_id)

        self._delayed[key] = (asyncio.get_running_loop().call_later(delay_s, due), receipt)

    def _after(self, delay_s: float, action: Callable[[], None]) -> None:
        if not delay_s:
            action()
            return

        def due() -> None:
            action()
            self._memory.pump(self._system_id)
            self._flush()

        asyncio.get_running_loop().call_later(delay_s, due)

    def _flush_soon(self) -> None:
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        octets = self._connection.take_output()
        if octets and self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)
