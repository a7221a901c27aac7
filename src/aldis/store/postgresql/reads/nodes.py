"""The nodes, and what they have leases of."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.contract.nodes import LinkStanding, NodeState, NodeView

#: of `node`, as `view_of` reads them; $1: for how long one counts as alive, in milliseconds
COLUMNS = """
name, holder, version, started_at, clock_at, state, settings, links, rates,
floor(extract(epoch FROM said_at) * 1000)::bigint,
said_at > clock_timestamp() - $1 * interval '1 ms' AND state <> 'left', is_drained"""
_ALL = f"SELECT {COLUMNS} FROM node"  # noqa: S608 - constants
_HELD = """
SELECT holder, array_agg(resource ORDER BY resource) FROM lease
WHERE holder <> '' AND until > clock_timestamp() GROUP BY holder"""

_settings = msgspec.json.Decoder(dict[str, str]).decode
_rates = msgspec.json.Decoder(dict[str, float]).decode
_links = msgspec.json.Decoder(dict[str, LinkStanding]).decode


def views_of(rows: list[asyncpg.Record]) -> tuple[NodeView, ...]:
    """Make views of rows of COLUMNS, ordered by name."""
    return tuple(sorted(map(_view_of, rows), key=lambda view: view.name))


def _view_of(row: asyncpg.Record) -> NodeView:
    name, holder, version, started_at, clock_at, state, settings, links, rates, *seen = row
    said_at, is_alive, is_drained = seen
    return NodeView(
        name=name,
        holder=holder,
        version=version,
        started_at=started_at,
        clock_at=clock_at,
        state=NodeState(state),
        settings=_settings(settings),
        links=_links(links),
        rates=_rates(rates),
        said_at=said_at,
        is_alive=is_alive,
        is_drained=is_drained,
    )


async def all_of(db: asyncpg.Connection, alive_ms: int) -> tuple[NodeView, ...]:
    """Give all nodes. `alive_ms`: for how long one counts as alive."""
    return views_of(await db.fetch(_ALL, alive_ms))


async def held(db: asyncpg.Connection) -> dict[str, tuple[str, ...]]:
    """Give the resources whose leases are not over, by holder."""
    return {holder: tuple(resources) for holder, resources in await db.fetch(_HELD)}
