"""One SMPP link: an upstream over one or more binds, each with a window of unanswered submits.

Implements `stages.sending.upstream.Upstream`. The protocol is `smpp/connection.py`, the coming and going of
binds `bind.py`. A submit that was written and not answered when its bind ends is reported as InDoubt. While
the SMSC throttles, the link sends slower (`slow_down.py`).
"""

from __future__ import annotations

import asyncio

import structlog

from aldis.errors import LocalProtocolError
from aldis.links.carrier_answers import CarrierAnswers
from aldis.links.contract import LinkDependencies
from aldis.links.smpp import verdicts
from aldis.links.smpp.bind import TICK_S, Bind, BindSettings, LinkEvents
from aldis.links.smpp.entry import SmppEntry
from aldis.links.smpp.session import SmppSession
from aldis.links.smpp.translate import Translator, is_receipt
from aldis.links.uptime import Uptime
from aldis.smpp import status
from aldis.smpp.command import CommandId
from aldis.smpp.connection import (
    BindAnswered,
    Event,
    LateResponse,
    MessageTaken,
    RequestArrived,
    ResponseArrived,
    ResponseOverdue,
    SessionEnded,
)
from aldis.smpp.pdus import Bind as BindBody
from aldis.smpp.pdus import DataSm, Pdu, ShortMessageBody
from aldis.smpp.timers import Timers
from aldis.stages.sending.upstream import (
    Accepted,
    Condition,
    InDoubt,
    Outbound,
    Rejected,
    UpstreamListener,
)
from aldis.traffic.anomalies import Anomaly
from aldis.traffic.inbound import DoubtfulReceipt

log = structlog.get_logger()

#: a member of an enum takes time to look up
_SUBMIT = CommandId.submit_sm
#: which binds make one unit
_COMMANDS = {
    "transceiver": (CommandId.bind_transceiver,),
    "pair": (CommandId.bind_transmitter, CommandId.bind_receiver),
}


class SmppLink:
    """A link: up while anything can be submitted on one of its binds."""

    def __init__(self, entry: SmppEntry, around: LinkDependencies, listener: UpstreamListener) -> None:
        """Raise SettingsError where a file that the entry names cannot be read."""
        self.name = entry.name
        self.window = entry.window * entry.binds
        self._on_outcome = listener.on_outcome
        self._on_late = listener.on_late
        self._on_change = listener.on_change
        self._entry = entry
        self._clock = around.clock
        self._on_receipt = around.take_receipt
        self._on_inbound = around.take_inbound
        self._on_doubtful = around.take_doubtful
        self._translator = Translator(entry.name, entry.quirks, self._note)
        metrics = around.metrics
        self._uptime = Uptime(entry.name, self._clock, metrics)
        self._in_flight = metrics.link_in_flight.labels(entry.name)
        self._answers = CarrierAnswers(entry.name, entry.response_s, self._clock, metrics)
        self._slow_down = self._answers.slow_down
        self._uptime.note(is_up=False)
        self._anomalies = metrics.anomalies
        self._reads_unmarked = entry.quirks.unmarked_receipts
        timers = Timers(enquire_link_s=entry.enquire_link_s, response_s=entry.response_s)
        where = BindSettings(
            entry.name, entry.host, entry.port, _introduction(entry), timers, entry.tls_context()
        )
        told = LinkEvents(self._take_events, self._take_lost)
        commands = _COMMANDS[entry.bind] * entry.binds
        self.binds = [Bind(where, command, self._clock, around.jitter, metrics, told) for command in commands]
        self._senders = [bind for bind in self.binds if bind.sends]
        self._stopping = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether anything can be submitted."""
        return any(bind.is_up for bind in self._senders)

    def room(self) -> int:
        """How many more submits fit into the windows, and into the rate while the SMSC throttles."""
        window = self._entry.window
        room = sum([bind.room(window) for bind in self._senders])
        allowed = self._slow_down.room(self._clock.monotonic())
        return room if allowed > room else max(0, int(allowed))

    def submit(self, segment: Outbound) -> None:
        """Put a segment on the wire with the next flush; the listener hears of its outcome."""
        bind = self._senders[0]
        if len(self._senders) > 1:
            bind = max(self._senders, key=self._room_of)
        session = bind.session
        if session is None:
            self._on_outcome(segment, InDoubt("link down"))
            return
        if segment.parts:
            self._on_outcome(segment, Rejected("a multimedia message cannot go over this link"))
            return
        try:
            parameters = self._translator.write_submit_sm(segment, self._clock)
            session.connection.request_written(_SUBMIT, parameters, segment, self._clock.monotonic())
        except LocalProtocolError as fault:
            log.error(
                "a segment cannot be said in SMPP",
                link=self.name,
                message_id=segment.message_id,
                fault=str(fault),
            )
            self._on_outcome(segment, Rejected("cannot be encoded for this link"))
            return
        self._slow_down.submitted()
        session.flush_soon()

    async def run(self) -> None:
        """Stay bound until stopped."""
        tasks = [asyncio.create_task(bind.run()) for bind in self.binds]
        tasks.append(asyncio.create_task(self._watch()))
        await asyncio.gather(*tasks)

    async def stop(self, grace_s: float) -> None:
        """Unbind in good order; closes the sockets anyway when the SMSC does not answer in time."""
        self._stopping.set()
        await asyncio.gather(*(bind.stop(grace_s) for bind in self.binds))

    def open(self) -> None:
        """Come up, and come back whenever a bind is lost."""
        for bind in self.binds:
            bind.open()

    async def close(self, grace_s: float) -> None:
        """Unbind in good order, and stay down until opened."""
        await asyncio.gather(*(bind.close(grace_s) for bind in self.binds))
        self._on_change()

    def condition(self) -> Condition:
        """Tell how the binds stand."""
        latest = max(self.binds, key=lambda bind: bind.last_error_at)
        return Condition(
            binds=tuple(bind.condition for bind in self.binds),
            in_flight=self._count_in_flight(),
            window=self.window,
            per_s=self._slow_down.recent_per_s,
            slowed_to=self._slow_down.rate_per_s,
            last_error=latest.last_error,
            last_error_at=latest.last_error_at,
            throttled_by=self._answers.throttled_by,
            throttled_at=self._answers.throttled_at,
            late_at=self._answers.late_at,
            is_late=self._answers.is_late,
            down_since=self._uptime.down_since,
            anomalies=self._anomalies.of(self.name),
        )

    def _note(self, kind: Anomaly, detail: str = "") -> None:
        self._anomalies.note(self.name, kind, detail)

    def _count_in_flight(self) -> int:
        sessions = [bind.session for bind in self._senders if bind.session is not None]
        return sum(session.connection.in_flight for session in sessions)

    def _room_of(self, bind: Bind) -> int:
        return bind.room(self._entry.window)

    async def _watch(self) -> None:
        """Show how it stands, and go on with what a throttled rate has held back."""
        while not self._stopping.is_set():
            self._uptime.note(is_up=self.is_up)
            self._in_flight.set(self._count_in_flight())
            now = self._clock.monotonic()
            if any(
                bind.session is not None and bind.session.connection.is_slow(now) for bind in self._senders
            ):
                self._answers.note_late()
            if self._answers.tick():
                self._on_change()
            await asyncio.sleep(TICK_S)
        self._uptime.note(is_up=False)

    def _take_lost(self, segments: list[Outbound]) -> None:
        for segment in segments:
            self._on_outcome(segment, InDoubt("connection lost"))
        self._uptime.note(is_up=self.is_up)
        self._on_change()

    def _take_events(self, session: SmppSession, events: list[Event[Outbound]]) -> None:
        for event in events:
            if type(event) is MessageTaken:  # by far the most frequent
                session.has_carried = True
                named = self._entry.quirks.in_response(event.message_id)
                self._on_outcome(event.context, Accepted(named))
                continue
            if type(event) is RequestArrived:
                self._take_request(session, event.pdu)
                continue
            match event:
                case ResponseArrived(segment, pdu):
                    self._take_response(session, segment, pdu)
                case BindAnswered(command_status):
                    self._take_bind_answer(session, command_status)
                case ResponseOverdue(segment):
                    self._on_outcome(segment, InDoubt("response overdue", self._entry.response_s))
                case LateResponse(segment, pdu):
                    self._take_late(segment, pdu)
                case SessionEnded(reason):
                    session.close(reason)
        self._on_change()

    def _take_response(self, session: SmppSession, segment: Outbound, pdu: Pdu) -> None:
        if pdu.trailing_octets:
            self._note(Anomaly.TRAILING_OCTETS)
        if pdu.command_status == status.ESME_ROK:
            session.has_carried = True
        else:
            verdict = verdicts.verdict_on(pdu.command_status)
            if verdict is verdicts.Verdict.THROTTLED:
                self._answers.note_throttled(status.name(pdu.command_status))
            elif verdict is verdicts.Verdict.LINK_TROUBLE:
                session.is_troubled = True
                session.connection.unbind()
        self._on_outcome(segment, verdicts.judge(pdu, self._entry.quirks))

    def _take_late(self, segment: Outbound, pdu: Pdu) -> None:
        """Take an answer to what is in doubt: the id is worth having, a refusal comes again at a repeat."""
        outcome = verdicts.judge(pdu, self._entry.quirks)
        if isinstance(outcome, Accepted):
            self._on_late(segment, outcome)

    def _take_bind_answer(self, session: SmppSession, command_status: int) -> None:
        if command_status == status.ESME_ROK:
            session.was_bound = True
            for number, bind in enumerate(self.binds, start=1):
                if bind.session is session:
                    bind.condition = "bound"
                    log.info("link up", link=self.name, bind=number, of=len(self.binds))
            self._uptime.note(is_up=self.is_up)
        else:
            session.refusal = command_status
            session.close("bind refused")

    def _take_request(self, session: SmppSession, pdu: Pdu) -> None:
        body = pdu.body
        if not isinstance(body, ShortMessageBody | DataSm):
            # alert_notification and outbind: they are told, and there is nothing to be done
            log.debug("nothing to be done", link=self.name, command_id=pdu.command_id)
            return

        if pdu.trailing_octets:
            self._note(Anomaly.TRAILING_OCTETS)

        def answer(kept: bool) -> None:  # noqa: FBT001 - said once, here
            """Say whether it was kept."""
            session.answer(pdu, status.ESME_ROK if kept else status.ESME_RX_T_APPN)

        now, translator = self._clock.now(), self._translator
        is_marked = is_receipt(body, pdu)
        if not is_marked and not (self._reads_unmarked and translator.resembles_receipt(body, pdu)):
            self._on_inbound(translator.to_inbound(body, pdu, now), answer)
            return
        receipt = translator.to_receipt(body, pdu, now)
        message = None if is_marked else translator.to_inbound(body, pdu, now)
        if receipt is not None and (message is not None or receipt.other_id):
            self._on_doubtful(DoubtfulReceipt(receipt, message), answer)
        elif receipt is not None:
            self._on_receipt(receipt, answer)
        elif message is not None:
            self._on_inbound(message, answer)
        else:
            session.answer(pdu, status.ESME_ROK)


def _introduction(entry: SmppEntry) -> BindBody:
    return BindBody(
        system_id=entry.system_id,
        password=entry.secret(),
        system_type=entry.system_type,
        interface_version=entry.quirks.version,
    )
