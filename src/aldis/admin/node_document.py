"""What programs read of a node, for `aldis node --json` and `/v1/nodes` alike."""

from __future__ import annotations

import msgspec

from aldis.admin.nodes import ShownNode
from aldis.clock import as_iso, iso_or_none
from aldis.store.contract.nodes import LinkStanding


class LinkOnNode(msgspec.Struct, frozen=True):
    """How a link stands on one node."""

    node: str
    name: str
    is_up: bool
    binds: tuple[str, ...]
    in_flight: int
    window: int
    segments_per_s: float
    last_error: str | None
    last_error_at: str | None


class NodeDocument(msgspec.Struct, frozen=True):
    """A gateway with its data directory."""

    name: str
    #: serving, draining, drained, leaving, left or lost
    state: str
    version: str
    started_at: str
    #: when it was last heard, by the database's clock
    said_at: str
    #: how far its machine's clock is ahead of the database's
    clock_apart_ms: int
    #: an operator wants it to have nothing
    is_drained: bool
    #: what it has leases of: `link/NAME/SLOT`, `postbacks/SLOT`, `jobs`, `maintenance`
    held: tuple[str, ...]
    links: list[LinkOnNode]


def document_of(node: ShownNode) -> NodeDocument:
    """Write down a node."""
    view = node.view
    return NodeDocument(
        name=view.name,
        state=node.standing,
        version=view.version,
        started_at=as_iso(view.started_at),
        said_at=as_iso(view.said_at),
        clock_apart_ms=view.apart_ms,
        is_drained=view.is_drained,
        held=node.held,
        links=[link_document_of(view.name, name, each) for name, each in view.links.items()],
    )


def link_document_of(node: str, name: str, standing: LinkStanding) -> LinkOnNode:
    """Write down how a link stands on a node."""
    return LinkOnNode(
        node=node,
        name=name,
        is_up=standing.is_up,
        binds=standing.binds,
        in_flight=standing.in_flight,
        window=standing.window,
        segments_per_s=standing.per_s,
        last_error=standing.last_error or None,
        last_error_at=iso_or_none(standing.last_error_at),
    )
