"""Sending to many from a table: the job, its rows, and how a row becomes a message. Pure.

A row's message has a reference made of job and row, which no two accepted messages of an account share: a row
that is tried again after a crash is refused as a duplicate, and so known to be done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from aldis.sms.address import as_dialled, as_sender
from aldis.traffic.submission import MessageAsk, Priority
from aldis.traffic.template import Template

#: `{column}` in a template
_NAMED = re.compile(r"\{([^{}]*)\}")


class JobState(StrEnum):
    """Where a job stands."""

    #: its rows are being written
    FILLING = "filling"
    #: all rows are there; nothing is sent yet
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


#: what may become of a job that stands so; `reached = total` makes a running one done
MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.READY: frozenset({JobState.FILLING}),
    JobState.RUNNING: frozenset({JobState.READY, JobState.PAUSED}),
    JobState.PAUSED: frozenset({JobState.RUNNING}),
    JobState.CANCELLED: frozenset({JobState.FILLING, JobState.READY, JobState.RUNNING, JobState.PAUSED}),
}


class Mapping(msgspec.Struct, frozen=True):
    """How a row becomes a message: templates, in which {column} stands for the row's cell."""

    #: the name of the column with the number
    recipient: str
    text: str
    #: the account's default if empty
    sender: str = ""
    label: str = ""
    priority: Priority = Priority.BULK


class Job(msgspec.Struct, frozen=True):
    """One table to be sent, and how far that has come."""

    job_id: int
    name: str
    account: str
    made_by: str
    made_at: int
    columns: tuple[str, ...]
    mapping: Mapping
    state: JobState
    total: int
    reached: int
    accepted: int
    refused: int
    #: why it paused by itself
    why: str
    #: 0: not yet
    ended_at: int

    @property
    def waiting(self) -> int:
        """How many rows have no outcome."""
        return self.total - self.accepted - self.refused


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One row of a table, with what became of it."""

    #: from 1
    number: int
    cells: tuple[str, ...]
    #: 0: none
    message_id: int = 0
    #: why it was refused
    fault: str = ""


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of a row: one of both is set."""

    number: int
    message_id: int = 0
    fault: str = ""


def reference_of(job_id: int, number: int) -> str:
    """Give what a row's message is known by."""
    return f"bulk-{job_id}-{number}"


def names_in(template: str) -> list[str]:
    """Give the columns that a template names."""
    return _NAMED.findall(template)


class Recipe:
    """Makes messages of a job's rows."""

    def __init__(self, columns: Sequence[str], mapping: Mapping) -> None:
        """Read a mapping whose columns are there. Raises TooLong for a text that no message can hold."""
        tags = [f"{{{name}}}" for name in columns]
        self._width = len(columns)
        self._mapping = mapping
        self._recipient = columns.index(mapping.recipient)
        self._text = Template(mapping.text, tags)
        self._sender = Template(mapping.sender, tags)
        self._label = Template(mapping.label, tags)

    def ask(self, cells: Sequence[str], reference: str | None) -> MessageAsk:
        """Make a row's message; cells that the row lacks are empty. Raises TooLong."""
        row = (*cells, *[""] * (self._width - len(cells)))
        return MessageAsk(
            recipients=(as_dialled(row[self._recipient]),),
            text=self._text.filled(row),
            sender=as_sender(self._sender.filled(row).strip()),
            priority=self._mapping.priority,
            client_reference=reference,
            label=self._label.filled(row),
            wants_details=reference is None,
        )
