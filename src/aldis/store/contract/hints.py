"""Hints from one node to the others that there may be work. They are lossy: whoever hears one is only sooner,
and polling behind finds everything by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec


class Hint(msgspec.Struct, frozen=True, omit_defaults=True):
    """What there may be."""

    #: links that have work
    links: frozenset[str] = frozenset()
    #: postbacks are due
    postbacks: bool = False
    #: somebody has opted out
    opted_out: bool = False
    #: the directory has changed
    directory: bool = False
    #: an operator has ordered a link or a message otherwise
    orders: bool = False
    #: hints may have been missed: look everywhere
    anything: bool = False

    def __or__(self, other: Hint) -> Hint:
        return Hint(
            self.links | other.links,
            self.postbacks or other.postbacks,
            self.opted_out or other.opted_out,
            self.directory or other.directory,
            self.orders or other.orders,
            self.anything or other.anything,
        )


class HintStore(Protocol):
    """Between the nodes of one engine; does nothing where there can be only one."""

    def tell(self, hint: Hint) -> None:
        """Have the other nodes hear it soon, gathered with others; nothing waits for that."""

    def subscribe(self, hear: Callable[[Hint], None]) -> None:
        """Have a function called, on the event loop, with each hint of another node."""
