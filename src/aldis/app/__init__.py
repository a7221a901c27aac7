"""The composition root: alone in knowing every concrete class. Whatever is not deterministic (time,
randomness, sockets, disk) enters the gateway here and nowhere else.
"""

from __future__ import annotations

from aldis.app.entropy import Entropy
from aldis.app.gateway import Gateway
from aldis.app.links import upstreams
from aldis.app.simulator import Simulator
from aldis.app.stores import is_served, open_store, store_health

__all__ = ["Entropy", "Gateway", "Simulator", "is_served", "open_store", "store_health", "upstreams"]
