"""All the kinds of links there are. A new one needs one line here, and nothing else of the house changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Union

from aldis.links import mm7, smpp
from aldis.links.contract import LinkKind
from aldis.links.entry import LinkEntry

#: the first is meant where a link of the settings names no kind
KINDS: tuple[LinkKind[Any], ...] = (
    smpp.KIND,
    mm7.KIND,
)

_BY_ENTRY: dict[type[LinkEntry], LinkKind[Any]] = {kind.entry: kind for kind in KINDS}

if TYPE_CHECKING:
    AnyEntry = LinkEntry
else:
    #: the tagged union of what `[[link]]` may be
    AnyEntry = Union[tuple(kind.entry for kind in KINDS)]  # noqa: UP007 - made of a tuple


def kind_of(entry: LinkEntry) -> LinkKind[Any]:
    """Find the kind of a link of the settings."""
    return _BY_ENTRY[type(entry)]
