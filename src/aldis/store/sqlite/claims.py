"""Which messages are in a sender's hands. In memory only: a claim dies with its owner, which gives the
messages back as they were.
"""

from __future__ import annotations

from collections.abc import Iterable


class Claims:
    """The claimed messages of each link."""

    def __init__(self) -> None:
        self._by_link: dict[str, set[int]] = {}

    def of(self, link: str) -> set[int]:
        """Give a link's; the caller does not change it."""
        return self._by_link.setdefault(link, set())

    def take(self, link: str, message_ids: Iterable[int]) -> None:
        """Put messages into a link's hands."""
        self.of(link).update(message_ids)

    def give_back(self, link: str, message_ids: Iterable[int]) -> None:
        """Take messages out of a link's hands."""
        self.of(link).difference_update(message_ids)

    def everybodys(self) -> frozenset[int]:
        """Give all, as of now. What is claimed later is not over its validity: a claim looks at that."""
        return frozenset().union(*self._by_link.values())
