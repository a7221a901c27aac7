"""Builds the customers' door: its routes, the hosts that are bound to a dialect, the house's own paths."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from aldis.addresses import Networks
from aldis.app.memory import memory_octets
from aldis.dialects.exchange import HttpReply
from aldis.dialects.registry import BY_PATH
from aldis.doors.http import system_routes
from aldis.doors.http.app import Door, NoteRefusal
from aldis.doors.http.guard import GuardLimits, total_octets
from aldis.doors.http.server import ServerSettings
from aldis.host_names import ascii_host
from aldis.settings import HttpSettings, host_and_port
from aldis.stages.admission.admit import Admitter
from aldis.stages.aside import Aside
from aldis.stages.queries.responder import Responder
from aldis.telemetry import Metrics


def door_of(
    http: HttpSettings,
    admitter: Admitter,
    responder: Responder,
    metrics: Metrics,
    aside: Aside,
    health: Callable[[], HttpReply],
    note: NoteRefusal,
) -> Door:
    """Build the door."""
    paths: dict[str, Callable[[], HttpReply]] = {
        "/health/live": system_routes.live,
        "/health/ready": health,
        "/metrics": functools.partial(system_routes.metrics, metrics),
    }
    hosts = {
        ascii_host(host): {path: each for path, each in BY_PATH.items() if each.policy.name == dialect}
        for dialect, names in http.hosts.items()
        for host in names
    }
    return Door(BY_PATH, paths, admitter, responder, metrics, aside, hosts, note)


def server_settings(http: HttpSettings) -> ServerSettings:
    """Tell where and how the door listens."""
    host, port = host_and_port(http.listen)
    return ServerSettings(
        host=host,
        port=port,
        guard=GuardLimits(
            header_octets=http.header_octets,
            header_count=http.header_count,
            header_s=http.header_s,
            body_s=http.body_s,
            answer_s=http.answer_s,
            body_octets=http.max_body_octets,
            bodies_octets=http.bodies_octets
            or total_octets(http.connections, http.max_body_octets, memory_octets()),
            connections=http.connections,
            connections_per_address=http.connections_per_address,
            trusted=Networks(http.trusted_proxies),
        ),
        certificate=Path(http.certificate) if http.certificate else None,
        key=Path(http.key) if http.key else None,
        public_url=http.public_url,
    )
