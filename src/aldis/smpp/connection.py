"""One SMPP session without I/O: feed it octets and the time, take events and octets to send.

The same class serves the ESME (links) and the SMSC (simulator); they differ in `Role` only. What needs no
judgement it does by itself: framing, sequence numbers, the window, enquire_link, unbind, nacks to what cannot
be read. What needs judgement comes out as an event: binds, messages, answers.

Two depths of bad input: a PDU that frames but does not parse is answered and the session lives; octets that
cannot be framed end it, because nothing behind them can be trusted. Source: SMPP v3.4 chapters 2 and 3,
§4.3.1.
"""

from __future__ import annotations

from typing import Generic

import msgspec

from aldis.errors import LocalProtocolError, RemoteProtocolError
from aldis.smpp import codec, timers, tlv
from aldis.smpp.command import RESPONSE_BIT, UNANSWERED, CommandId
from aldis.smpp.pdus import BODIES, Bind, Body, Empty, Pdu
from aldis.smpp.session import BIND_STATES, BOUND, MAY_RECEIVE, OVER, Role, SessionState
from aldis.smpp.status import ESME_RBINDFAIL, ESME_RINVBNDSTS, ESME_ROK
from aldis.smpp.window import Context, Window

#: no PDU of v3.4 is longer than a message_payload of 65,535 octets and its envelope
MAX_COMMAND_LENGTH = 70_000
#: peers of this version and above know optional parameters. Source: SMPP v3.4 §3.2.4, §5.2.4
FIRST_WITH_TLVS = 0x34
#: by far the most frequent of what a link hears; an integer, because members of an enum are slow
_SUBMIT_SM_RESP = int(CommandId.submit_sm_resp)
#: a request leaves its place after so many times `response_s`; whether it was carried out is unknown then
LOST_FACTOR = 4
#: the session ends when none of its requests has been answered for so many times `response_s`
STUCK_FACTOR = 10


class RequestArrived(msgspec.Struct, frozen=True):
    """The peer asks, or tells (outbind, alert_notification); answer what asks with `respond`."""

    pdu: Pdu


class ResponseArrived(msgspec.Struct, Generic[Context], frozen=True, gc=False):
    """The peer answered the request that was made with this context, and did not just take a message."""

    context: Context
    pdu: Pdu


class MessageTaken(msgspec.Struct, Generic[Context], frozen=True):
    """The SMSC took the message that was submitted with this context, and calls it so."""

    context: Context
    message_id: str


class BindAnswered(msgspec.Struct, frozen=True):
    """The SMSC answered our bind; the session is bound when the status is ESME_ROK."""

    command_status: int


class ResponseOverdue(msgspec.Struct, Generic[Context], frozen=True):
    """A request stayed unanswered for too long; whether it was carried out is unknown. A LateResponse may
    follow while the session lasts.
    """

    context: Context


class LateResponse(msgspec.Struct, Generic[Context], frozen=True):
    """The peer answered a request that had left its place as overdue."""

    context: Context
    pdu: Pdu


class SessionEnded(msgspec.Struct, frozen=True):
    """Close the transport; `reason` is for the log."""

    reason: str


Event = (
    RequestArrived
    | MessageTaken[Context]
    | ResponseArrived[Context]
    | BindAnswered
    | ResponseOverdue[Context]
    | LateResponse[Context]
    | SessionEnded
)


class Connection(Generic[Context]):
    """One session from connect to close; `Context` is whatever the owner wants back with a response."""

    def __init__(self, role: Role, now: float, limits: timers.Timers) -> None:
        self._role = role
        self._enter(SessionState.OPEN)
        self._limits = limits
        self._window: Window[Context] = Window()
        self._received = b""
        self._output: list[bytes] = []
        self._connected_at = self._received_at = self._answered_at = self._active_at = now
        self._bind_sequence: int | None = None
        self._bind_target = SessionState.OPEN
        self._is_leaving = False
        #: we gave it up; nothing that comes behind that can be trusted
        self._is_broken = False
        self._unbind_sequence: int | None = None
        #: when the first poll saw that it was sent
        self._unbind_at: float | None = None
        #: as the peer gave it at the bind; one that gives none is an old one
        self.peer_version = 0
        self._enquire_link: tuple[int, float] | None = None

    @property
    def is_bound(self) -> bool:
        """Whether messages may flow."""
        return self.state in BOUND

    @property
    def takes_requests(self) -> bool:
        """Whether we may still ask for something: bound, and not on the way out."""
        return self.state in BOUND and not self._is_leaving

    @property
    def knows_tlvs(self) -> bool:
        """Whether the peer has said that it understands optional parameters."""
        return self.peer_version >= FIRST_WITH_TLVS

    @property
    def in_flight(self) -> int:
        """How many requests of ours await their response."""
        return len(self._window)

    def is_slow(self, now: float) -> bool:
        """Tell whether a request has waited for its response for longer than `response_s`."""
        since = self._window.oldest_sent_at()
        return since is not None and now - since >= self._limits.response_s

    def take_output(self) -> bytes:
        """Give all octets that are to be sent, and forget them."""
        if not self._output:
            return b""
        octets = b"".join(self._output)
        self._output.clear()
        return octets

    # ── what we say ──

    def bind(self, command: CommandId, body: Body) -> None:
        """Ask for a bind (ESME only); the answer is a BindAnswered event. Source: SMPP v3.4 §4.1."""
        if (
            self._role is not Role.ESME
            or self.state is not SessionState.OPEN
            or self._bind_sequence is not None
        ):
            raise LocalProtocolError("bind is the first request of an ESME, and only once")
        self._bind_sequence = self._window.next_sequence()
        self._bind_target = BIND_STATES[command]
        self._send(Pdu(command, self._bind_sequence, body=body))

    def request(
        self,
        command: CommandId,
        body: Body,
        context: Context,
        now: float,
        tlvs: dict[int, bytes] | None = None,
    ) -> None:
        """Send a request; its answer comes back as an event with the context. Raises LocalProtocolError if it
        cannot be said.
        """
        self.request_written(command, codec.parameters(body, tlvs or {}), context, now)

    def request_written(self, command: CommandId, parameters: bytes, context: Context, now: float) -> None:
        """Send a request whose parameters are octets already. Raises as `request`."""
        if self.state not in BOUND or self._is_leaving:
            state = "leaving" if self._is_leaving else self.state
            raise LocalProtocolError(f"{command.name} cannot be sent in state {state}", ESME_RINVBNDSTS)
        self._active_at = now
        sequence = self._window.add(context, now)
        length = codec.HEADER_OCTETS + len(parameters)
        self._output.append(codec.head(length, command, ESME_ROK, sequence) + parameters)

    def respond(
        self,
        request: Pdu,
        command_status: int = ESME_ROK,
        body: Body | None = None,
        tlvs: dict[int, bytes] | None = None,
    ) -> None:
        """Answer a request of the peer; a positive answer to a bind makes the session bound."""
        if self.state is SessionState.CLOSED or request.command_id in UNANSWERED:
            return
        command = request.command_id | RESPONSE_BIT
        if command_status == ESME_ROK:
            if isinstance(request.body, Bind):
                self._enter(BIND_STATES[CommandId(request.command_id)])
                self.peer_version = request.body.interface_version
            body = body if body is not None else BODIES[command]()
        self._output.append(codec.write(command, request.sequence_number, command_status, body, tlvs or {}))

    def unbind(self) -> None:
        """End the session in good order: ask for nothing more, and unbind when all of ours is answered;
        SessionEnded follows the answer. Source: SMPP v3.4 §4.2.
        """
        self._is_leaving = self._is_leaving or self.is_bound
        self._unbind_when_drained()

    def _unbind_when_drained(self) -> None:
        if self._is_leaving and self._unbind_sequence is None and self.is_bound and not self._window:
            self._unbind_sequence = self._window.next_sequence()
            self._unbind_at = None
            self._send(Pdu(CommandId.unbind, self._unbind_sequence, body=Empty()))

    def abandon(self) -> list[Context]:
        """End the session here and now; returns the contexts whose outcome is unknown, oldest first."""
        self._enter(SessionState.CLOSED)
        self._received = b""
        return self._window.take_all()

    # ── what we hear ──

    def receive(self, octets: bytes, now: float) -> list[Event[Context]]:
        """Take octets as they came, in any pieces; returns what they mean."""
        events: list[Event[Context]] = []
        if self.state in OVER and (self._is_broken or not self._window):
            return events
        self._received_at = now
        received = self._received + octets if self._received else octets
        left, position, header = len(received), 0, codec.HEADER_OCTETS
        # behind the peer's unbind there may still be responses
        while left >= header and (self.state not in OVER or self._window):
            length, command, command_status, sequence = codec.head_at(received, position)
            if not header <= length <= MAX_COMMAND_LENGTH:
                events.append(self._end(f"a command_length of {length} cannot be SMPP"))
                return events
            if left < length:
                break
            start, position = position, position + length
            left -= length
            if command == _SUBMIT_SM_RESP and command_status == ESME_ROK:
                taken = self._taken(sequence, received[start + header : position])
                if taken is not None:
                    events.append(taken)
                    continue
            self._take_pdu(received[start:position], events)
        self._received = received[position:]
        return events

    def poll(self, now: float) -> list[Event[Context]]:
        """Let time pass: enquire_link, overdue responses, dead peers. Call it a few times a second."""
        if self.state in OVER:
            return []
        # A response that comes late is still a response: what waits for it is not to be asked for again. Only
        # a peer that says nothing at all (`timers.py`), or has answered none of all requests, is left.
        response_s = self._limits.response_s
        overdue = self._window.clear_overdue(now - LOST_FACTOR * response_s)
        events: list[Event[Context]] = [ResponseOverdue(context) for context in overdue]
        waiting_since = self._window.unanswered_since(self._answered_at)
        if waiting_since is not None and now - waiting_since >= STUCK_FACTOR * response_s:
            events.append(self._end("the peer leaves requests unanswered"))
            return events
        if self._unbind_sequence is not None:
            self._unbind_at = now if self._unbind_at is None else self._unbind_at
            if now - self._unbind_at >= self._limits.response_s:
                events.append(self._end("the peer left unbind unanswered"))
                return events
        self._unbind_when_drained()
        asked_at = self._enquire_link[1] if self._enquire_link else None
        waiting_at = self._window.oldest_sent_at()
        past = timers.Past(self._connected_at, self._received_at, self._active_at, asked_at, waiting_at)
        match timers.due(self._limits, past, now, bound=self.is_bound):
            case timers.TimerAction.ENQUIRE:
                sequence = self._window.next_sequence()
                self._enquire_link = (sequence, now)
                self._send(Pdu(CommandId.enquire_link, sequence, body=Empty()))
            case timers.TimerAction.CLOSE_NEVER_BOUND:
                events.append(self._end("the session was never bound"))
            case timers.TimerAction.CLOSE_PEER_SILENT:
                events.append(self._end("the peer left enquire_link unanswered"))
            case timers.TimerAction.UNBIND_INACTIVE:
                self.unbind()
            case timers.TimerAction.NOTHING:
                pass
        return events

    def _taken(self, sequence: int, parameters: bytes) -> MessageTaken[Context] | None:
        """Read a plain yes to a submit; None for all that wants a closer look."""
        if parameters.find(0) != len(parameters) - 1:  # a name without its NUL, or TLVs
            return None
        context = self._window.take(sequence)
        if context is None:
            return None
        self._answered_at = self._active_at = self._received_at
        if self._is_leaving:
            self._unbind_when_drained()
        return MessageTaken(context, parameters[:-1].decode("latin-1"))

    def _take_pdu(self, octets: bytes, events: list[Event[Context]]) -> None:
        try:
            pdu = codec.decode(octets)
        except RemoteProtocolError as fault:
            head = codec.header(octets)
            if not head.command_id & RESPONSE_BIT:
                self._nack(head, fault)
            else:
                self._take_unreadable_response(head, events)
            return
        if pdu.command_id & RESPONSE_BIT:
            self._take_response(pdu, events)
        else:
            self._take_request(pdu, events)

    def _nack(self, head: codec.Header, fault: RemoteProtocolError) -> None:
        """Say what was wrong with a request: its own response if we know the command, else generic_nack
        (§4.3.1).
        """
        known = head.command_id in BODIES and head.command_id not in UNANSWERED
        answer = head.command_id | RESPONSE_BIT if known else CommandId.generic_nack
        self._send(Pdu(answer, head.sequence_number, fault.command_status))

    def _take_unreadable_response(self, head: codec.Header, events: list[Event[Context]]) -> None:
        """Take a response with a broken body: its header still answers the request."""
        self._take_response(Pdu(head.command_id, head.sequence_number, head.command_status), events)

    def _take_request(self, pdu: Pdu, events: list[Event[Context]]) -> None:
        command = pdu.command_id
        if self.state in OVER:
            return
        if command != CommandId.enquire_link:
            self._active_at = self._received_at
        if command not in self._may_receive:
            if command not in UNANSWERED:
                self._send(Pdu(command | RESPONSE_BIT, pdu.sequence_number, ESME_RINVBNDSTS))
        elif command == CommandId.enquire_link:
            self._send(Pdu(CommandId.enquire_link_resp, pdu.sequence_number, body=Empty()))
        elif command == CommandId.unbind:
            self._send(Pdu(CommandId.unbind_resp, pdu.sequence_number, body=Empty()))
            self._enter(SessionState.UNBOUND)
            events.append(SessionEnded("the peer unbound"))
        else:
            events.append(RequestArrived(pdu))

    def _take_response(self, pdu: Pdu, events: list[Event[Context]]) -> None:
        sequence = pdu.sequence_number
        if sequence == self._bind_sequence:
            self._bind_sequence = None
            verdict = pdu.command_status
            if pdu.command_id == CommandId.generic_nack and verdict == ESME_ROK:
                verdict = ESME_RBINDFAIL  # a nack is no yes, whatever it says
            if verdict == ESME_ROK:
                self._enter(self._bind_target)
                self.peer_version = int.from_bytes(pdu.tlvs.get(tlv.SC_INTERFACE_VERSION, b""), "big")
            events.append(BindAnswered(verdict))
        elif sequence == self._unbind_sequence:
            self._enter(SessionState.UNBOUND)
            events.append(SessionEnded("unbound in good order"))
        elif self._enquire_link is not None and sequence == self._enquire_link[0]:
            self._enquire_link = None
        else:
            context = self._window.take(sequence)
            if context is not None:
                self._answered_at = self._active_at = self._received_at
                events.append(ResponseArrived(context, pdu))
                if self._is_leaving:
                    self._unbind_when_drained()
                return
            late = self._window.take_overdue(sequence)
            if late is not None:
                self._answered_at = self._active_at = self._received_at
                events.append(LateResponse(late, pdu))

    def _end(self, reason: str) -> SessionEnded:
        self._is_broken = True
        self._enter(SessionState.UNBOUND)
        return SessionEnded(reason)

    def _enter(self, state: SessionState) -> None:
        self.state = state
        self._may_receive = MAY_RECEIVE.get((self._role, state), frozenset())

    def _send(self, pdu: Pdu) -> None:
        self._output.append(codec.encode(pdu))
