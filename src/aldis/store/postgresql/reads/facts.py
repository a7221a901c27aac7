"""Messages as postbacks and people see them, read from rows by the place of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aldis.store.postgresql.engine.texts import unescaped
from aldis.traffic.inbound import InboundFacts
from aldis.traffic.message import MessageFacts
from aldis.traffic.states import State

#: of the view `tracked` as `m`, and of `inbound` as `i`
MESSAGE_FACTS = ", ".join(f"m.{name}" for name in MessageFacts.__struct_fields__)
INBOUND_FACTS = ", ".join(f"i.{name}" for name in InboundFacts.__struct_fields__)

_STATE = MessageFacts.__struct_fields__.index("state")
#: what was written by somebody outside
_TEXTS = tuple(
    map(
        MessageFacts.__struct_fields__.index,
        ("reference", "sender", "recipient", "reason", "callback_url"),
    )
)
_INBOUND_TEXTS = tuple(
    map(InboundFacts.__struct_fields__.index, ("sender", "recipient", "text", "keyword", "carrier"))
)


def message_facts(row: Sequence[Any]) -> MessageFacts:
    """Read a row of MESSAGE_FACTS."""
    facts = list(row)
    for place in _TEXTS:
        facts[place] = unescaped(facts[place])
    facts[_STATE] = State(facts[_STATE])
    return MessageFacts(*facts)


def inbound_facts(row: Sequence[Any]) -> InboundFacts:
    """Read a row of INBOUND_FACTS."""
    facts = list(row)
    for place in _INBOUND_TEXTS:
        facts[place] = unescaped(facts[place])
    return InboundFacts(*facts)


def unescaped_row(row: Iterable[Any]) -> tuple[Any, ...]:
    """Give a row, its texts as they were."""
    return tuple(unescaped(each) if isinstance(each, str) else each for each in row)
