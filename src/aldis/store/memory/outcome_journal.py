"""Remembers outcomes from the moment they are heard until their commit, across `kill -9`.

An answer frees a place in the window at once, long before its commit; if the process dies in between, what
was answered must not be sent again. Writing to a file without syncing survives the process, which is what
dies most; only when the machine itself goes down may these few be repeated, as unanswered ones are.

Two files take turns: one is emptied and used when the other has grown and all of its own is recorded.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog

from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.states import Event, State

log = structlog.get_logger()

#: a file that has grown this large makes room for the other
TURN_OCTETS = 1_048_576


class JournaledResults(msgspec.Struct, frozen=True, array_like=True, tag="results"):
    """Outcomes of one link, heard together."""

    link: str
    results: tuple[AttemptResult, ...]
    received_at: int
    #: of the lease under which it was heard, where a link has one slot
    epoch: int = 0
    #: of those leases, by slot, where it has several
    epochs: dict[int, int] = {}


class _OldResult(msgspec.Struct, frozen=True, array_like=True):
    """As results were written down when they named a state."""

    message_id: int
    state: State
    submitted: tuple[SubmittedSegment, ...]
    due_at: int
    reason: str
    tried: bool


class _OldHeard(msgspec.Struct, frozen=True, array_like=True, tag="heard"):
    """As outcomes were written down then; what follows in the record is no longer needed."""

    link: str
    results: tuple[_OldResult, ...]
    received_at: int

    def as_heard(self) -> JournaledResults:
        """Name the events that led to those states."""
        results = tuple(
            AttemptResult(
                old.message_id,
                Event.RELEASED if not old.tried else _OLD_EVENTS[old.state],
                old.submitted,
                old.due_at,
                old.reason,
            )
            for old in self.results
        )
        return JournaledResults(self.link, results, self.received_at)


_OLD_EVENTS = {
    State.SENT: Event.SUBMIT_ACCEPTED,
    State.QUEUED: Event.SUBMIT_DEFERRED,
    State.REJECTED: Event.SUBMIT_REJECTED,
    State.UNCONFIRMED: Event.SUBMIT_UNACKNOWLEDGED,
    State.FAILED: Event.ATTEMPTS_EXHAUSTED,
    State.EXPIRED: Event.VALIDITY_PASSED,
}


class Recorded(msgspec.Struct, frozen=True, array_like=True, tag="settled"):
    """Of what was noted, this is on disk for good."""

    message_ids: tuple[int, ...]


class _Record(msgspec.Struct, frozen=True, array_like=True):
    #: rises over both files
    number: int
    entry: JournaledResults | Recorded | _OldHeard


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Record)
_LENGTH_OCTETS = 4


class OutcomeJournal:
    """The outcomes that are heard and not yet recorded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        paths = [folder / f"heard-{number}.journal" for number in (1, 2)]
        #: what a process that died had heard, a message each; to be recorded before anything is sent
        self.left_over = _unrecorded([record for path in paths for record in _read(path)])
        self._files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for path in paths]
        self._current = 0
        self._sizes = [os.fstat(file).st_size for file in self._files]
        #: by file: messages whose result is not recorded
        self._open: list[set[int]] = [set(), set()]
        self._number = 0

    def note(self, heard: JournaledResults) -> bool:
        """Write outcomes down, at once; returns whether the disk took them."""
        other = 1 - self._current
        if self._sizes[self._current] > TURN_OCTETS and not self._open[other]:
            os.ftruncate(self._files[other], 0)
            self._sizes[other] = 0
            self._current = other
        is_kept = self._write(heard)
        if is_kept:
            self._open[self._current].update(result.message_id for result in heard.results)
        return is_kept

    def note_recorded(self, message_ids: Iterable[int]) -> None:
        """Hear that outcomes are on disk for good: an old note must not speak for a later attempt."""
        ids = set(message_ids)
        noted = ids & (self._open[0] | self._open[1])
        if noted and self._write(Recorded(tuple(noted))):
            for waiting in self._open:
                waiting.difference_update(noted)

    def _write(self, entry: JournaledResults | Recorded) -> bool:
        self._number += 1
        octets = _ENCODER.encode(_Record(self._number, entry))
        record = len(octets).to_bytes(_LENGTH_OCTETS, "big") + octets
        file, size = self._files[self._current], self._sizes[self._current]
        written, fault = 0, "no space"
        try:
            written = os.write(file, record)
            if written < len(record):
                os.ftruncate(file, size)  # half a record would hide all that follow
        except OSError as error:
            fault = error.strerror or str(error)
        if written < len(record):
            log.error("outcomes cannot be written down before they are recorded", fault=fault)
            return False
        self._sizes[self._current] += written
        return True

    def drop_left_over(self, recorded: Collection[int]) -> None:
        """Hear which messages of it need it no more; once none does, the files are emptied."""
        self.left_over = [each for each in self.left_over if each.results[0].message_id not in recorded]
        if self.left_over:
            return
        for number, file in enumerate(self._files):
            os.ftruncate(file, 0)
            self._sizes[number] = 0

    def close(self) -> None:
        """Close the files; empty, if all is recorded."""
        for waiting, file in zip(self._open, self._files, strict=True):
            if not waiting and not self.left_over:
                with suppress(OSError):
                    os.ftruncate(file, 0)
            os.close(file)


def _unrecorded(records: Sequence[_Record]) -> list[JournaledResults]:
    """Give what was heard last of each message and not recorded after that."""
    newest: dict[int, JournaledResults | None] = {}
    for record in sorted(records, key=lambda record: record.number):
        entry = record.entry.as_heard() if isinstance(record.entry, _OldHeard) else record.entry
        if isinstance(entry, Recorded):
            newest.update(dict.fromkeys(entry.message_ids))
        else:
            for result in entry.results:
                newest[result.message_id] = msgspec.structs.replace(entry, results=(result,))
    return [heard for heard in newest.values() if heard is not None]


def _read(path: Path) -> Sequence[_Record]:
    """Read what a file holds, up to a record that is damaged or was cut short by a crash."""
    found: list[_Record] = []
    octets = path.read_bytes() if path.exists() else b""
    position = 0
    while position < len(octets):
        start = position + _LENGTH_OCTETS
        end = start + int.from_bytes(octets[position:start], "big")
        try:
            found.append(_DECODER.decode(octets[start:end]))
        except msgspec.DecodeError as fault:
            _report(path, octets, position, fault)
            break
        position = end
    return found


def _report(path: Path, octets: bytes, position: int, fault: Exception) -> None:
    """Say what of a file cannot be read, and keep a copy: the file itself is emptied when all is recorded."""
    copy = path.with_suffix(".damaged")
    with suppress(OSError):
        copy.write_bytes(octets)
    log.error(
        "a journal of outcomes is damaged or cut short: what it held behind that may be sent again",
        path=str(path),
        read_octets=position,
        lost_octets=len(octets) - position,
        copy=str(copy),
        fault=str(fault),
    )
