"""Builds the console's server: the door's own, with a budget of connections that is the console's alone."""

from __future__ import annotations

from pathlib import Path

from aldis.addresses import Networks
from aldis.app.entropy import Entropy
from aldis.clock import unix_s
from aldis.console.admin_services import AdminServices
from aldis.console.site import COMMON, answer_late, site
from aldis.doors.http.asgi import AsgiServer
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import ServerSettings
from aldis.settings import ConsoleSettings, host_and_port

#: how long pages under way may take when the gateway stops; live ones never end by themselves
GRACE_S = 1.0


def limits_of(console: ConsoleSettings) -> GuardLimits:
    """Tell what one peer of the console, and all together, may take."""
    return GuardLimits(
        answer_s=console.answer_s,
        connections=console.connections,
        connections_per_address=console.connections_per_address,
        trusted=Networks(console.trusted_proxies),
    )


def console_of(console: ConsoleSettings, services: AdminServices) -> AsgiServer:
    """Build it."""
    host, port = host_and_port(console.listen)
    where = ServerSettings(
        host=host,
        port=port,
        guard=limits_of(console),
        certificate=Path(console.certificate) if console.certificate else None,
        key=Path(console.key) if console.key else None,
        name="the console",
        grace_s=GRACE_S,
    )
    return AsgiServer(site(services), where, Entropy(), unix_s, answer_late, COMMON)
