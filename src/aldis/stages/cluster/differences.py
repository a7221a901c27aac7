"""What should be the same on all nodes and is not. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from aldis.store.contract.nodes import NodeView

#: milliseconds between a machine's clock and the engine's
APART_MS = 1_000


def differences(nodes: Sequence[NodeView]) -> list[str]:
    """Say it in sentences. `nodes`: those that are alive."""
    found: list[str] = []
    versions = _by((view.version, view.name) for view in nodes)
    if len(versions) > 1:
        found.append(f"versions are not the same: {_listed(versions)}")
    for what in sorted({each for view in nodes for each in view.settings}):
        digests = _by((view.settings.get(what, "none"), view.name) for view in nodes)
        if len(digests) > 1:
            found.append(f"the settings of {what} are not the same: {_listed(digests)}")
    return found + [
        f"the clock of {view.name} is {view.apart_ms / 1000:+.1f} s from the database's"
        for view in nodes
        if abs(view.apart_ms) > APART_MS
    ]


def _by(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for value, name in pairs:
        names[value].append(name)
    return names


def _listed(names: dict[str, list[str]]) -> str:
    return "; ".join(f"{value} on {', '.join(names[value])}" for value in sorted(names))
