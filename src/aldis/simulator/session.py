"""One bind at the simulated SMSC: answers submits as the table says, sends receipts, keeps delays with the
loop's timers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from aldis.clock import as_datetime
from aldis.simulator.behaviour import Behaviour, behaviour_for, reaches_handset
from aldis.simulator.memory import Memory, OwedReceipt
from aldis.smpp import receipt_text, status, tlv
from aldis.smpp.command import CommandId
from aldis.smpp.connection import (
    Connection,
    Event,
    RequestArrived,
    ResponseArrived,
    ResponseOverdue,
    SessionEnded,
)
from aldis.smpp.pdus import Bind, BindResp, MessageIdBody, Pdu, ShortMessageBody
from aldis.smpp.receipt_text import MessageState
from aldis.smpp.session import BIND_STATES, Role, SessionState

#: unacknowledged receipts on one bind
RECEIPT_WINDOW = 500
#: how long to wait before repeating a receipt that the customer could not keep
REPEAT_S = 1.0
ESM_CLASS_RECEIPT = 0x04
#: registered_delivery, bits 1-0. Source: SMPP v3.4 §5.2.17
WANTS_FAILURES = 2


class SmscSession(asyncio.Protocol):
    """One TCP connection from an ESME."""

    def __init__(self, memory: Memory, sessions: set[SmscSession]) -> None:
        self._memory = memory
        self._sessions = sessions
        self._system_id = ""
        self._connection: Connection[OwedReceipt] = Connection(
            Role.SMSC, memory.clock.monotonic(), memory.settings.timers
        )
        self._transport: asyncio.Transport | None = None
        self._flush_is_due = False
        self._is_closing = False
        #: receipts of this session whose delay is running
        self._delayed: dict[int, tuple[asyncio.TimerHandle, OwedReceipt]] = {}

    # ── asyncio's side ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from asyncio's
        self._sessions.add(self)

    def data_received(self, data: bytes) -> None:
        self._take(self._connection.receive(data, self._memory.clock.monotonic()))
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
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
        """See `Receiver.receipt_room`."""
        hears = self._connection.state in (SessionState.BOUND_RX, SessionState.BOUND_TRX)
        return RECEIPT_WINDOW - self._connection.in_flight if hears else 0

    def deliver(self, receipt: OwedReceipt) -> None:
        """See `Receiver.deliver`."""
        now = self._memory.clock.monotonic()
        self._connection.request(CommandId.deliver_sm, receipt.body, receipt, now, receipt.tlvs)
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

    def _take(self, events: list[Event[OwedReceipt]]) -> None:
        for event in events:
            if self._is_closing:
                return
            match event:
                case RequestArrived(pdu) if isinstance(pdu.body, Bind):
                    self._take_bind(pdu, pdu.body)
                case RequestArrived(pdu) if isinstance(pdu.body, ShortMessageBody):
                    self._take_submit(pdu, pdu.body)
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
        tlvs = {tlv.SC_INTERFACE_VERSION: b"\x34"}
        self._connection.respond(pdu, body=BindResp(system_id="aldis-smsc"), tlvs=tlvs)
        if pdu.command_id in BIND_STATES:
            self._memory.bound(self._system_id, self)

    def _take_receipt_answer(self, receipt: OwedReceipt, pdu: Pdu) -> None:
        if pdu.command_status == status.ESME_ROK:
            self._memory.receipts_acknowledged += 1
        elif pdu.command_status == status.ESME_RX_T_APPN:
            self._later(REPEAT_S, receipt)

    def _take_submit(self, pdu: Pdu, body: ShortMessageBody) -> None:
        memory, recipient = self._memory, body.destination_addr
        behaviour = behaviour_for(recipient)
        if behaviour.drops_connection and recipient not in memory.dropped:
            memory.dropped.add(recipient)
            memory.answers["dropped"] += 1
            self.close()  # after the answers to what came before; what comes behind is not looked at
            return
        refusal = self._refusal(recipient, behaviour)
        if refusal != status.ESME_ROK:
            memory.answers[status.name(refusal)] += 1
            self._connection.respond(pdu, refusal)
            return
        number = memory.next_id()
        if reaches_handset(behaviour):
            payload = body.short_message or pdu.tlvs.get(tlv.MESSAGE_PAYLOAD, b"")
            memory.handsets.receive(body, payload, memory.clock.now())
        in_response = f"{number:X}" if behaviour.id_in_hex else str(number)
        memory.answers["ESME_ROK"] += 1
        if behaviour.receipt_before_response:
            self._promise_receipts(body, behaviour, str(number))
            memory.pump(self._system_id)
        self._after(
            behaviour.response_delay_s, lambda: self._connection.respond(pdu, body=MessageIdBody(in_response))
        )
        if not behaviour.receipt_before_response:
            self._after(
                behaviour.response_delay_s, lambda: self._promise_receipts(body, behaviour, str(number))
            )

    def _refusal(self, recipient: str, behaviour: Behaviour) -> int:
        memory = self._memory
        if memory.is_stopping:
            return status.ESME_RSYSERR
        if memory.throttled[recipient] < behaviour.throttled:
            memory.throttled[recipient] += 1
            return status.ESME_RTHROTTLED
        memory.throttled.pop(recipient, None)
        return behaviour.submit_status

    def _promise_receipts(self, body: ShortMessageBody, behaviour: Behaviour, smsc_message_id: str) -> None:
        wanted = body.registered_delivery & 0x03
        state = behaviour.receipt
        if state is None or wanted == 0 or (wanted == WANTS_FAILURES and state is MessageState.DELIVERED):
            return
        receipt = _receipt(body, behaviour, state, smsc_message_id, self._memory.clock.now())
        for _ in range(behaviour.receipt_count):
            if behaviour.receipt_delay_s:
                self._later(behaviour.receipt_delay_s, receipt)
            else:
                self._memory.owe(self._system_id, receipt)

    # ── time and output ──

    def _later(self, delay_s: float, receipt: OwedReceipt) -> None:
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


def _receipt(
    body: ShortMessageBody, behaviour: Behaviour, state: MessageState, smsc_message_id: str, now: int
) -> OwedReceipt:
    """Write a receipt: Appendix B and TLVs, or the way one vendor might spell it."""
    moment = as_datetime(now)
    if behaviour.vendor_receipt:
        text = f"ID={smsc_message_id};Status=Delivered to handset;Error={behaviour.error_code}".encode()
        tlvs: dict[int, bytes] = {}
    else:
        text = receipt_text.write(smsc_message_id, state, behaviour.error_code, moment, moment)
        tlvs = {
            tlv.RECEIPTED_MESSAGE_ID: smsc_message_id.encode() + b"\0",
            tlv.MESSAGE_STATE: bytes((state,)),
        }
    receipt = ShortMessageBody(
        source_addr_ton=body.dest_addr_ton,
        source_addr_npi=body.dest_addr_npi,
        source_addr=body.destination_addr,
        dest_addr_ton=body.source_addr_ton,
        dest_addr_npi=body.source_addr_npi,
        destination_addr=body.source_addr,
        esm_class=ESM_CLASS_RECEIPT,
        short_message=text,
    )
    return OwedReceipt(receipt, tlvs)
