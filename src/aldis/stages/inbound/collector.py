"""The inbound agent: gathers what links hear from handsets, puts long messages together, keeps all of it in
one commit with what follows, and only then lets each link say yes.

A STOP is binding when its yes leaves: by then it is committed, new messages are refused in the same place
where they are accepted, what is queued is not claimed any more, and the senders of all gateways have released
what they had claimed.
"""

from __future__ import annotations

from aldis.accounts.directory import CurrentDirectory
from aldis.clock import Clock
from aldis.sms.address import NumberType
from aldis.sms.reading import Piece, text_of
from aldis.sms.reassembly import BURST_MS, OVERLAP_MS, Times
from aldis.sms.subscribers import spellings
from aldis.stages.inbound.addresses import AddressReader
from aldis.stages.inbound.reply import Replier
from aldis.stages.inbound.rules import Meaning, fingerprint, meaning_of
from aldis.stages.intake import Intake
from aldis.stages.opt_outs import OptOutBarrier
from aldis.store.contract.admission import IdStore
from aldis.store.contract.inbound import InboundBatch, InboundStore
from aldis.telemetry import Metrics
from aldis.traffic.consent import ConsentKind
from aldis.traffic.content import as_column
from aldis.traffic.inbound import InboundPart, NewInbound, Segments
from aldis.traffic.message import NewMessage
from aldis.traffic.postback import lane_of

POLL_S = 5.0
MAX_BATCH = 200
#: how long to wait for the last segment of a message; then it is kept as far as it came. References have 8
#: bits and are used again.
PATIENCE_MS = 6 * 3_600_000
LOOK_MS = 60_000
STALE_AT_ONCE = 50


class Collector(Intake[InboundPart]):
    """Takes what handsets send."""

    def __init__(  # noqa: PLR0913, PLR0917 - one argument a collaborator
        self,
        inbound: InboundStore,
        ids: IdStore,
        current: CurrentDirectory,
        clock: Clock,
        replier: Replier,
        addresses: AddressReader,
        metrics: Metrics,
        repeat_s: int,
        opt_outs: OptOutBarrier,
    ) -> None:
        """`opt_outs`: hears who has opted out of which sender, before the carrier hears yes."""
        super().__init__("collector", POLL_S, MAX_BATCH)
        self._inbound = inbound
        self._ids = ids
        self._current = current
        self._clock = clock
        self._replier = replier
        self._addresses = addresses
        self._metrics = metrics
        self._repeat_ms = repeat_s * 1000
        self._times = Times(PATIENCE_MS, self._repeat_ms, OVERLAP_MS, BURST_MS)
        #: when to look for what never became whole
        self._look_at = 0
        self._opt_outs = opt_outs

    async def keep(self, parts: list[InboundPart]) -> None:
        """Keep segments, and the messages that they complete."""
        under_way: dict[tuple[object, ...], Segments] = {}
        whole: list[tuple[InboundPart, list[Piece]]] = []
        for part in map(self._addresses.read, parts):
            place = part.piece.place
            if place is None:
                whole.append((part, [part.piece]))
                continue
            key = (part.link, part.sender, part.recipient, place.reference, place.total)
            if key not in under_way:
                under_way[key] = await self._inbound.segments(part)
            told = under_way[key].take(place.number, part.piece, part.received_at, self._times)
            whole += [(part, pieces) for pieces in told]
        await self._record(tuple(under_way.values()), whole)

    async def idle(self) -> None:
        """Keep as far as they came the messages whose last segment does not come; forget what is told."""
        now = self._clock.now()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_MS
        stale = await self._inbound.stale(now - PATIENCE_MS - 1, now - OVERLAP_MS - 1, STALE_AT_ONCE)
        whole = [
            (
                self._addresses.read(InboundPart(each.link, each.sender, each.recipient, pieces[0], now)),
                pieces,
            )
            for each in stale
            for pieces in each.give_up(now, self._times)
        ]
        if stale:
            await self._record(tuple(stale), whole)
        if len(stale) == STALE_AT_ONCE:
            self._look_at = now

    async def _record(
        self, segments: tuple[Segments, ...], whole: list[tuple[InboundPart, list[Piece]]]
    ) -> None:
        ids = iter(await self._ids.take_ids(2 * len(whole)) if whole else ())
        directory, now = self._current.directory, self._clock.now()
        messages: list[NewInbound] = []
        opted_out: set[tuple[str, str]] = set()
        prepaid: set[int] = set()
        for part, pieces in whole:
            text = text_of(pieces)
            meaning = meaning_of(directory, part, text, now)
            opted_out.update(
                (each.sender, number)
                for each in meaning.consents
                if each.kind is ConsentKind.OPT_OUT
                for number in spellings(part.sender)
            )
            if meaning.account is not None and meaning.account.prepaid:
                prepaid.add(meaning.account.account_id)
            messages.append(self._message(part, pieces, text, meaning, (next(ids), next(ids)), now))
        batch = InboundBatch(segments, tuple(messages), self._repeat_ms, frozenset(prepaid))
        repeated = await self._inbound.record(batch)
        if opted_out:
            self._opt_outs.release(opted_out)
            await self._opt_outs.settle()
        unroutable = sum(message.account_id is None for message in messages)
        counts = {
            "repeated": repeated,
            "unroutable": unroutable,
            "told": max(0, len(messages) - unroutable - repeated),
        }
        for outcome, count in counts.items():
            self._metrics.inbound.labels(outcome).inc(count)

    def _message(
        self,
        part: InboundPart,
        pieces: list[Piece],
        text: str,
        meaning: Meaning,
        ids: tuple[int, int],
        now: int,
    ) -> NewInbound:
        account, directory = meaning.account, self._current.directory
        dialect, url = next(iter(account.inbound.items()), ("", "")) if account else ("", "")
        inbound_id, reply_id = ids
        reply: NewMessage | None = None
        if meaning.reply and account is not None and part.sender_type is NumberType.INTERNATIONAL:
            reply = self._replier.write(
                account, meaning.sender.value, part.sender, meaning.reply, reply_id, now
            )
        return NewInbound(
            inbound_id=inbound_id,
            link=part.link,
            sender=part.sender,
            recipient=part.recipient,
            text=text,
            keyword=meaning.keyword,
            carrier=directory.carrier_code(dialect, directory.carrier_of(part.sender)) or "",
            segments=len(pieces),
            account_id=account.account_id if account else None,
            dialect=dialect,
            lane=lane_of(account.account_id, url) if account else "",
            received_at=now,
            fingerprint=fingerprint(part, text),
            parts=as_column(part.parts),
            consents=meaning.consents,
            reply=reply,
        )
