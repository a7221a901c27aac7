"""Makes what looks after operators, for the gateway, the command line and the demo."""

from __future__ import annotations

import platform

from aldis.admin.operators import People
from aldis.app.entropy import token
from aldis.store.contract.store import Store


def people_of(store: Store) -> People:
    """Make it over a store."""
    return People(store.operators, token, platform.node())
