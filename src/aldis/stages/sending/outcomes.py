"""What has become of messages in flight, on its way into the store: recorded in batches, again where the
store could not, all but what is refused.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import msgspec
import structlog

from aldis.clock import Clock
from aldis.errors import LeaseLost, TemporaryError, TransitionRefused
from aldis.stages.agent import PAUSE_S
from aldis.stages.sending.upstream import Outcome
from aldis.store.batches import store_apart
from aldis.store.contract.ownership import Lease
from aldis.store.contract.sending import SendingStore
from aldis.telemetry import Metrics
from aldis.traffic.message import AttemptResult, HandlingFault, LateAnswer
from aldis.traffic.states import Event

log = structlog.get_logger()

#: late answers that wait for a store that is away
MAX_LATE = 10_000


class RecorderEvents(msgspec.Struct, frozen=True):
    """What a recorder asks and tells its sender."""

    #: gives the leases of the link's slots
    leases: Callable[[], Sequence[Lease]]
    #: picks those of messages in these slots
    pick_ours: Callable[[list[AttemptResult]], list[AttemptResult]]
    #: something was recorded, or could not be
    on_recorded: Callable[[], None]
    #: the link has another owner
    on_lost: Callable[[], None]


class OutcomeRecorder:
    """The outcomes of one link."""

    def __init__(
        self, store: SendingStore, link: str, clock: Clock, metrics: Metrics, told: RecorderEvents
    ) -> None:
        self._store = store
        self._link = link
        self._clock = clock
        self._metrics = metrics
        self._told = told
        self._results: list[AttemptResult] = []
        #: results and faults on their way into the store; their messages still count as held
        self._recording = 0
        self._on_the_way: list[list[AttemptResult]] = []
        #: what could not be handled, and is to be counted
        self._faults: list[HandlingFault] = []
        #: heard after their attempt had ended in doubt
        self._late: list[LateAnswer] = []
        #: outcomes that are neither noted nor recorded: with what is on the wire, all that is in doubt
        self.unnoted: dict[int, AttemptResult] = {}
        #: nothing can be recorded, so nothing is to be claimed
        self.is_failing = False
        #: outcomes of segments since they were last counted in the metrics
        self.answered: Counter[type[Outcome]] = Counter()
        self._record_is_due = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_drained(self) -> bool:
        """Whether all is on disk."""
        return not (self._results or self._recording or self._late or self._faults)

    @property
    def unrecorded(self) -> int:
        """How many messages have an outcome that is not on disk."""
        return len(self._results) + self._recording

    def message_ids(self) -> Iterator[int]:
        """Give the messages whose outcome is not on disk."""
        return (result.message_id for result in chain(self._results, *self._on_the_way))

    def uncounted(self) -> Iterator[int]:
        """Give the messages with faults that are not counted yet."""
        return (fault.message_id for fault in self._faults)

    def add(self, result: AttemptResult) -> None:
        """Take what an attempt led to."""
        self.unnoted[result.message_id] = result
        self._results.append(result)
        if not self._record_is_due:
            self._record_soon()

    def add_late(self, answer: LateAnswer) -> None:
        """Take what was heard after its attempt had ended in doubt."""
        if len(self._late) < MAX_LATE:
            self._late.append(answer)
        self._record_soon()

    def add_fault(self, message_id: int, fault: Exception) -> None:
        """Take that a claimed message cannot be handled. With a few faults it is set aside."""
        self._faults.append(HandlingFault(message_id, type(fault).__name__))
        self._record_soon()

    def note(self) -> None:
        """Have what was heard survive a crash before it is recorded, so that its place is free."""
        if self._store.journal(self._told.leases(), list(self.unnoted.values()), self._clock.now()):
            self.unnoted.clear()

    async def record(self) -> None:
        """Store what has an outcome. Called by itself after each turn of the loop that brought one."""
        self._record_is_due = False
        if self._faults:  # first: what is set aside must not be claimed once it is given back
            await self._count_faults()
        batch, self._results = self._results, []
        self._recording += len(batch)
        self._on_the_way.append(batch)
        self._count_answers()
        try:
            if batch:
                await self._record_owned(batch)
            late, self._late = self._late, []
            if late:
                await self._record_late(late)
        finally:
            self._recording -= len(batch)
            self._on_the_way = [each for each in self._on_the_way if each is not batch]
            self._told.on_recorded()

    def _count_answers(self) -> None:
        for kind, count in self.answered.items():
            self._metrics.submitted.labels(self._link, kind.__name__.lower()).inc(count)
        self.answered.clear()

    async def _record_owned(self, batch: list[AttemptResult]) -> None:
        """Store what is of our slots. What is of one that we have lost says nothing of the others: were they
        lost with it, what is in flight of them would be submitted again, and then that of the first.
        Who has the slot now may submit it again; that the carrier took it is kept all the same.
        """
        ours = self._told.pick_ours(batch)
        if len(ours) < len(batch):
            kept = {each.message_id for each in ours}
            lost = [each for each in batch if each.message_id not in kept]
            log.warning("outcomes of slots that were lost are late", link=self._link, count=len(lost))
            self._drop_lost(lost)
            self.is_failing = False
        try:
            if ours:
                await self._record_batch(ours)
        except LeaseLost as fault:
            log.error("a link has another owner now: outcomes are late", link=self._link, fault=str(fault))
            self._drop_lost(ours)
            self.is_failing = False  # nothing of it waits any more
            self._told.on_lost()

    async def _record_batch(self, batch: list[AttemptResult]) -> None:
        left = []
        faults = await store_apart(self._store_outcomes, batch, self._link)
        self.is_failing = any(isinstance(fault, TemporaryError) for _, fault in faults)
        for result, fault in faults:
            match fault:
                case TemporaryError():
                    pass
                case TransitionRefused():  # its message has moved on, and nothing else can be made of it
                    log.error("an outcome is refused", message_id=result.message_id, exc_info=fault)
                    self._drop([result])
                    continue
                case _:
                    log.error("an outcome cannot be stored", message_id=result.message_id, exc_info=fault)
                    is_submitted = result.event is not Event.RELEASED
                    self._faults.append(HandlingFault(result.message_id, type(fault).__name__, is_submitted))
                    if not is_submitted:  # it need not be written that it was given back
                        self._drop([result])
                        continue
            left.append(result)
        if left or self._faults:
            self._results = left + self._results
            self._record_later()

    async def _record_late(self, late: list[LateAnswer]) -> None:
        left = []
        for answer, fault in await store_apart(self._store_late, late, self._link):
            if isinstance(fault, TemporaryError):
                left.append(answer)
            else:  # its message is in doubt as it was before
                log.error("a late answer cannot be stored", message_id=answer.message_id, exc_info=fault)
        if left:
            self._late = (left + self._late)[:MAX_LATE]
            self._record_later()

    async def _store_outcomes(self, batch: Sequence[AttemptResult]) -> None:
        await self._store.record(self._told.leases(), batch, self._clock.now())
        for result in batch:
            self.unnoted.pop(result.message_id, None)

    async def _store_late(self, late: Sequence[LateAnswer]) -> None:
        await self._store.record_late(self._link, late, self._clock.now())

    async def _count_faults(self) -> None:
        """Have faults counted; an outcome that is refused is tried again until its message is set aside."""
        faults, self._faults = self._faults, []
        self._recording += len(faults)
        try:
            aside = await self._store.note_faults(self._told.leases(), faults, self._clock.now())
        except TemporaryError as fault:
            log.error("faults cannot be counted now", link=self._link, fault=str(fault))
            self._faults = faults + self._faults
            return
        except LeaseLost:  # whatever else is to be stored meets it too
            return
        finally:
            self._recording -= len(faults)
        if aside:
            self._metrics.set_aside.labels(self._link).inc(len(aside))
            log.error("messages are set aside: see `aldis doctor`", link=self._link, message_ids=aside)
        kept = [
            each for each in self._results if each.event is Event.RELEASED or each.message_id not in aside
        ]
        self._drop([each for each in self._results if each not in kept])
        self._results = kept

    def _drop(self, batch: list[AttemptResult]) -> None:
        """Have outcomes that can never be stored forgotten, in the journal as well."""
        self._store.release(self._told.leases(), [result.message_id for result in batch])
        for result in batch:
            self.unnoted.pop(result.message_id, None)

    def _drop_lost(self, batch: list[AttemptResult]) -> None:
        """Keep of outcomes that are another's to tell what the carrier took, so that its receipts count."""
        self._drop(batch)
        for result in batch:
            for segment in result.submitted:
                self.add_late(LateAnswer(result.message_id, segment.number, segment.smsc_message_id))

    def _record_later(self) -> None:
        asyncio.get_running_loop().call_later(PAUSE_S, self._record_soon)

    def _record_soon(self) -> None:
        """Record with everything else that this turn of the loop brings.

        Not in the sender's `step`: a result must not wait for a claim, or receipts overtake the responses
        they belong to.
        """
        if not self._record_is_due and (self._results or self._late or self._faults):
            self._record_is_due = True
            task = asyncio.create_task(self.record())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
