"""Who agreed to hear from whom, for operators: looking a number up, changing by hand, taking numbers in from
a CSV file and giving them out as one. What a person said by handset is taken back by that person only.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import chain, islice

import msgspec
import structlog

from aldis.accounts.numbering import read_written
from aldis.accounts.plan import Plan
from aldis.accounts.staff import Actor, AuditEntry, audit
from aldis.admin.csv_import import has_names, number_column, read_rows
from aldis.clock import Clock
from aldis.errors import AdminError, TemporaryError
from aldis.sms.address import as_dialled, is_msisdn, is_sender
from aldis.sms.subscribers import canonical, spellings
from aldis.stages.opt_outs import OptOutBarrier
from aldis.store.contract.consent import ConsentStore, ImportRecord
from aldis.store.contract.directory import DirectoryStore
from aldis.store.contract.operators import AuditStore
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource

log = structlog.get_logger()

#: numbers a transaction, and the breath between two: a running gateway writes to the same file
CHUNK = 300
BREATH_S = 0.005
MAX_HISTORY = 1000
#: faulty lines that are told one by one
MAX_FAULTS = 1000
#: imports that are remembered
MAX_REMEMBERED = 20
#: how many transactions of an import lie between two words about how far it is
TOLD_EACH = 32
#: an import of which nothing was heard for so long has ended with its gateway
SILENT_MS = 60_000
MAX_TOPIC = 200
MAX_WORDS = 200


class ConsentStanding(msgspec.Struct, frozen=True):
    """How a number stands to one sender, by the last word on each of its topics."""

    sender: str
    #: topics that it may hear of
    topics: tuple[str, ...]
    #: it has left everything that comes from the sender
    has_left: bool
    #: only the person can take that back
    by_handset: bool


class Numbers(msgspec.Struct, frozen=True):
    """What stands in a CSV file."""

    numbers: list[str]
    #: lines that have no number
    faulty: int
    #: the first of them, in words
    faults: list[str]


class Wish(msgspec.Struct, frozen=True):
    """What is to be done with many numbers."""

    sender: str
    #: keyword or campaign; "" for everything, which one can only leave
    topic: str
    kind: ConsentKind


class Import(msgspec.Struct):
    """A file on its way in."""

    id: str
    wish: Wish
    total: int
    faulty: int
    faults: list[str]
    done: int = 0
    changed: int = 0
    #: why it ended early; "" otherwise
    fault: str = ""
    is_over: bool = False


_IMPORT = msgspec.json.Decoder(Import)


class Consents:
    """The consents, for whoever may change them."""

    def __init__(
        self,
        consent: ConsentStore,
        directory: DirectoryStore,
        audit: AuditStore,
        opt_outs: OptOutBarrier,
        token: Callable[[int], str],
        clock: Clock,
    ) -> None:
        """`opt_outs`: hears who wants to hear nothing more; `token`: draws a text of random octets."""
        self._consent = consent
        self._directory = directory
        self._audit = audit
        self._opt_outs = opt_outs
        self._token = token
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def history(self, msisdn: str) -> list[ConsentChange]:
        """Give what a number has said, newest first. Raises AdminError."""
        return await self._consent.history(_number(msisdn), MAX_HISTORY)

    async def change(self, actor: Actor, wish: Wish, msisdn: str, words: str, now: int) -> None:
        """Opt a number in or out by hand; `words`: why, for the history. Raises AdminError, OptOutPending."""
        number = _number(msisdn)
        check(wish, by_hand=True)
        if len(words) > MAX_WORDS or not words.isprintable():
            raise AdminError(f"the reason may have {MAX_WORDS} printable characters")
        senders = await self._covered(wish)
        changes = [
            ConsentChange(sender, wish.topic, number, wish.kind, ConsentSource.CONSOLE, words, now)
            for sender in senders
        ]
        entry = _audited(actor, now, wish, "one number")
        changed = any(await self._consent.change(changes, entry))
        if _is_for_all(wish):  # though it was so: perhaps not yet everywhere
            self._opt_outs.release(_people(senders, [number]))
            await self._opt_outs.settle()
        if not changed and wish.kind is ConsentKind.OPT_IN:
            found = standings(await self.history(number))
            if any(each.sender == wish.sender and each.by_handset for each in found):
                raise AdminError("this person said STOP; only they can take that back, with START", 409)
        if not changed:
            raise AdminError("it is so already", 409)

    async def start_import(
        self, actor: Actor, wish: Wish, lines: Iterable[str], now: int, home: str = ""
    ) -> Import:
        """Begin to take a CSV file in, as `read_numbers` reads it; `progress` tells how far it is. Raises
        AdminError.
        """
        check(wish)
        if any(not each.is_over for each in await self._kept()):
            raise AdminError("another import is under way; wait until it is over", 409)
        found = await asyncio.to_thread(read_numbers, lines, home)
        started = Import(self._token(8), wish, len(found.numbers), found.faulty, found.faults)
        await self._keep(started)
        await self.note_import(actor, wish, started.total, now)
        task = asyncio.create_task(self._import(started, found.numbers, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return started

    async def progress(self, import_id: str) -> Import:
        """Tell how far an import is, whichever gateway takes it in. Raises AdminError."""
        for found in await self._kept():
            if found.id == import_id:
                return found
        raise AdminError("there is no such import", 404)

    async def _kept(self) -> list[Import]:
        """Give what is known of imports."""
        found = []
        for kept in await self._consent.imports():
            each = _IMPORT.decode(kept.record)
            if not each.is_over and self._clock.now() - kept.at > SILENT_MS:
                each.fault, each.is_over = "its gateway has ended; import the file again", True
            found.append(each)
        return found

    async def _keep(self, told: Import) -> None:
        record = ImportRecord(told.id, msgspec.json.encode(told).decode(), self._clock.now())
        await self._consent.keep_import(record, MAX_REMEMBERED)

    async def stop(self) -> None:
        """End imports that are under way, before the store is closed; they can be begun again."""
        self._is_stopping = True
        await asyncio.gather(*self._tasks)

    async def note_import(self, actor: Actor, wish: Wish, count: int, now: int) -> None:
        """Remember that an import begins."""
        await self._audit.note(_audited(actor, now, wish, f"{count} numbers of a file"))

    async def take_in(self, wish: Wish, numbers: list[str], now: int) -> AsyncIterator[tuple[int, int]]:
        """Write numbers in small batches; tells after each how many were done, how many of them changed. Ends
        when nothing goes to those any more who left everything. Raises OptOutPending.
        """
        senders, left = await self._covered(wish), iter(numbers)
        while chunk := list(islice(left, max(1, CHUNK // len(senders)))):
            changed = await self._consent.change(_changes(wish, senders, chunk, now))
            if _is_for_all(wish):
                self._opt_outs.release(_people(senders, chunk))
            begins = range(0, len(changed), len(senders))
            yield len(chunk), sum(any(changed[begin : begin + len(senders)]) for begin in begins)
            await asyncio.sleep(BREATH_S)
        if _is_for_all(wish):
            await self._opt_outs.settle()

    async def numbers(self, wish: Wish) -> AsyncIterator[list[str]]:
        """Give the numbers that have opted in to a topic, or left everything, a few at a time; each in the
        spelling of today only.
        """
        if bool(wish.topic) == (wish.kind is ConsentKind.OPT_OUT):
            raise AdminError("say either a topic, or that you want those who have left everything")
        after = ""
        while True:
            if wish.topic:
                found = await self._consent.list_opted_in(wish.sender, wish.topic, after, CHUNK)
            else:
                found = await self._consent.list_opted_out(wish.sender, after, CHUNK)
            if found:
                yield [number for number in found if number == canonical(number)]
                after = found[-1]
            if len(found) < CHUNK:
                return

    async def _covered(self, wish: Wish) -> tuple[str, ...]:
        """Give the senders that a wish is about."""
        if wish.topic or wish.kind is ConsentKind.OPT_IN:
            return (wish.sender,)
        return (await self._directory.load()).covered_by_stop(wish.sender)

    async def _import(self, started: Import, numbers: list[str], now: int) -> None:
        transactions = 0
        try:
            async for done, changed in self.take_in(started.wish, numbers, now):
                started.done += done
                started.changed += changed
                transactions += 1
                if self._is_stopping:
                    started.fault = "its gateway was stopped; import the file again"
                    break
                if transactions % TOLD_EACH == 0:
                    await self._keep(started)
        except TemporaryError:
            started.fault = "the store could not take more; import the file again"
        started.is_over = True
        try:
            await self._keep(started)
        except TemporaryError as fault:  # whoever looks on hears that it has ended
            log.error("the end of an import cannot be kept now", fault=str(fault))


def check(wish: Wish, *, by_hand: bool = False) -> None:
    """Refuse what cannot be wished. Raises AdminError."""
    if wish.kind is ConsentKind.OPT_IN and not wish.topic and not by_hand:
        raise AdminError("say which keyword or campaign they agreed to")
    if len(wish.topic) > MAX_TOPIC or not wish.topic.isprintable():
        raise AdminError("this cannot be a keyword or campaign")
    if not is_sender(wish.sender):
        raise AdminError(f"`{wish.sender}` cannot be a sender")


def standings(history: list[ConsentChange]) -> list[ConsentStanding]:
    """Work out how a number stands to each sender from its history, which is newest first."""
    found: dict[str, tuple[set[str], bool, bool]] = {}
    for change in reversed(history):
        topics, has_left, by_handset = found.get(change.sender, (set[str](), False, False))
        if change.kind is ConsentKind.OPT_IN:
            topics = topics | {change.topic} if change.topic else topics
            if not change.topic or change.source is ConsentSource.HANDSET:
                has_left = by_handset = False
        elif change.topic:
            topics = topics - {change.topic}
        else:
            topics, has_left, by_handset = set(), True, change.source is ConsentSource.HANDSET
        found[change.sender] = (topics, has_left, by_handset)
    return [
        ConsentStanding(sender, tuple(sorted(topics)), has_left, by_handset)
        for sender, (topics, has_left, by_handset) in sorted(found.items())
    ]


def read_numbers(lines: Iterable[str], home: str = "") -> Numbers:
    """Read the numbers of a CSV file, each once, and say which lines have none. `home`: the country of those
    without their code. Raises AdminError.
    """
    rows = read_rows(lines)
    first = next(rows, None)
    if first is None:
        raise AdminError("the table is empty")
    names = first[1] if has_names(first[1]) else ()
    sample = next(rows, (0, ())) if names else first
    column = number_column(names, sample[1])
    found: dict[str, None] = {}
    faults: list[str] = []
    faulty = 0
    for line, row in chain([sample] if sample[1] else [], rows):
        cell = row[column].strip() if column < len(row) else ""
        number = read_written(cell, home)
        if number is not None:
            found[number] = None
            continue
        faulty += 1
        if len(faults) < MAX_FAULTS:
            shown = "".join(filter(str.isprintable, cell[:40]))
            faults.append(f"line {line}: `{shown}` is no international number")
    return Numbers(list(found), faulty, faults)


def _changes(wish: Wish, senders: tuple[str, ...], numbers: list[str], now: int) -> list[ConsentChange]:
    """Give the changes of each number, one after the other."""
    source = ConsentSource.FILE
    return [
        ConsentChange(sender, wish.topic, number, wish.kind, source, "", now)
        for number in numbers
        for sender in senders
    ]


def _is_for_all(wish: Wish) -> bool:
    """Tell whether they want to hear nothing more."""
    return wish.kind is ConsentKind.OPT_OUT and not wish.topic


def _people(senders: Iterable[str], numbers: Iterable[str]) -> set[tuple[str, str]]:
    """Give (sender, number) under every spelling."""
    return {(sender, each) for number in numbers for each in spellings(number) for sender in senders}


def _audited(actor: Actor, now: int, wish: Wish, how_many: str) -> AuditEntry:
    action = "opt in" if wish.kind is ConsentKind.OPT_IN else "opt out"
    return audit(actor, now, action, wish.sender, f"{wish.topic or 'everything'}: {how_many}")


def _number(msisdn: str) -> str:
    number = as_dialled(msisdn).removeprefix("+")
    if not is_msisdn(number):
        raise AdminError(f"`{msisdn[:40]}` is no international number")
    return number


def opt_ins_of(planned: Plan, now: int) -> Iterator[tuple[ConsentChange, ...]]:
    """Give the opt-ins of a directory file, as many at a time as one transaction writes."""
    options = (
        ConsentChange(opt_ins.sender, opt_ins.topic, number, ConsentKind.OPT_IN, ConsentSource.FILE, "", now)
        for opt_ins in planned.opt_ins
        for number in opt_ins.numbers
    )
    while chunk := tuple(islice(options, CHUNK)):
        yield chunk
