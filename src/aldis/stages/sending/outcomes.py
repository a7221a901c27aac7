"""What has become of messages in flight, on its way into the store: recorded in batches, again where the
store could not, one by one where a batch is refused.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

import msgspec
import structlog

from aldis.clock import Clock
from aldis.errors import LeaseLost, TemporaryError, TransitionRefused
from aldis.stages.agent import PAUSE_S
from aldis.stages.sending.upstream import Outcome
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

    #: gives the lease of the link
    lease: Callable[[], Lease]
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

    def add(self, result: AttemptResult) -> None:
        """Take what an attempt led to."""
        self.unnoted[result.message_id] = result
        self._results.append(result)
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

    def note(self, lease: Lease) -> None:
        """Have what was heard survive a crash before it is recorded, so that its place is free."""
        if self._store.journal(lease, list(self.unnoted.values()), self._clock.now()):
            self.unnoted.clear()

    async def record(self) -> None:
        """Store what has an outcome. Called by itself after each turn of the loop that brought one."""
        self._record_is_due = False
        if self._faults:  # first: what is set aside must not be claimed once it is given back
            await self._count_faults()
        batch, self._results = self._results, []
        late, self._late = self._late, []
        self._recording += len(batch)
        self._on_the_way.append(batch)
        self._count_answers()
        try:
            if batch:
                await self._record_batch(batch)
            if late:
                await self._record_late(late)
        except LeaseLost as fault:
            log.error(
                "a link has another owner now: outcomes are not stored", link=self._link, fault=str(fault)
            )
            self._drop(batch)
            self._told.on_lost()
        finally:
            self._recording -= len(batch)
            self._on_the_way = [each for each in self._on_the_way if each is not batch]
            self._told.on_recorded()

    def _count_answers(self) -> None:
        for kind, count in self.answered.items():
            self._metrics.submitted.labels(self._link, kind.__name__.lower()).inc(count)
        self.answered.clear()

    async def _record_batch(self, batch: list[AttemptResult]) -> None:
        try:
            await self._store_outcomes(batch)
        except LeaseLost:
            raise
        except TemporaryError as fault:
            log.error("outcomes cannot be stored now", link=self._link, fault=str(fault))
            self.is_failing = True
            self._results = batch + self._results
            self._record_later()
        except Exception:  # an agent's outermost frame: no outcome may be forgotten
            log.exception("outcomes cannot be stored", link=self._link)
            left = await self._record_one_by_one(batch)
            self._results = left + self._results
            self._record_later()

    async def _record_late(self, late: list[LateAnswer]) -> None:
        try:
            await self._store.record_late(self._told.lease(), late, self._clock.now())
        except LeaseLost:
            raise
        except TemporaryError as fault:
            log.error("late answers cannot be stored now", link=self._link, fault=str(fault))
            self._late = (late + self._late)[:MAX_LATE]
            self._record_later()
        except Exception:  # as in `_record_batch`; their messages are in doubt as they were before
            log.exception("late answers cannot be stored", link=self._link, count=len(late))

    async def _store_outcomes(self, batch: list[AttemptResult]) -> None:
        await self._store.record(self._told.lease(), batch, self._clock.now())
        self.is_failing = False
        for result in batch:
            self.unnoted.pop(result.message_id, None)

    async def _record_one_by_one(self, batch: list[AttemptResult]) -> list[AttemptResult]:
        """Find the one that spoils the batch; returns what still cannot be stored."""
        left = []
        for result in batch:
            try:
                await self._store_outcomes([result])
            except LeaseLost:
                raise
            except TransitionRefused:  # its message has moved on, and nothing else can be made of it
                log.exception("an outcome is refused", message_id=result.message_id)
                self._drop([result])
            except TemporaryError:
                self.is_failing = True
                left.append(result)
            except Exception as fault:  # as in `_record_batch`; the row is to blame
                log.exception("an outcome cannot be stored", message_id=result.message_id)
                is_submitted = result.event is not Event.RELEASED
                self._faults.append(HandlingFault(result.message_id, type(fault).__name__, is_submitted))
                left.append(result)
        return left

    async def _count_faults(self) -> None:
        """Have faults counted; an outcome that is refused is tried again until its message is set aside."""
        faults, self._faults = self._faults, []
        self._recording += len(faults)
        try:
            aside = await self._store.note_faults(self._told.lease(), faults, self._clock.now())
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
        dropped = [result for result in self._results if result.message_id in aside]
        self._results = [result for result in self._results if result.message_id not in aside]
        self._drop(dropped)

    def _drop(self, batch: list[AttemptResult]) -> None:
        """Have outcomes that can never be stored forgotten, in the journal as well."""
        self._store.release(self._link, [result.message_id for result in batch])
        for result in batch:
            self.unnoted.pop(result.message_id, None)

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
