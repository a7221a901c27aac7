"""Builds links from their settings: which class speaks to which kind of carrier, and what each can carry.

Called by `app/` at start, and by `aldis config check` for what only building can tell.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from aldis.clock import Clock
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.rounds import Serve
from aldis.doors.http.server import ServerSettings
from aldis.links import tls
from aldis.links.mm7.link import PORTS, Mm7Link, Mm7Settings
from aldis.links.mm7.listening import Listener
from aldis.links.mm7.translate import Identity
from aldis.links.smpp.link import PAIR, TRANSCEIVER, LinkSettings, SmppLink
from aldis.links.smpp.probe import probe
from aldis.mms import images
from aldis.mms.access import Access
from aldis.settings import LinkEntry, MessageSettings, host_and_port, password_of
from aldis.smpp.timers import Timers
from aldis.sms.fitting import TextRules
from aldis.stages.admission.case import ContentLimits, Links, MmsRules
from aldis.stages.sending.retry import RetryPolicy
from aldis.stages.sending.sender import SenderSettings
from aldis.stages.sending.upstream import Operated, Upstream
from aldis.telemetry import Metrics
from aldis.traffic.inbound import InboundMms, InboundPart
from aldis.traffic.receipt import Receipt

#: what to call when something that came is kept, or could not be
Done = Callable[[bool], None]
#: what a listening link takes from its MMSC at once: an envelope around the largest message
LISTEN_OCTETS = 4_194_304
LISTEN_CONNECTIONS = 50


class Link(Upstream, Operated, Protocol):
    """A link as the gateway runs it."""

    async def run(self) -> None:
        """Work until stopped."""
        ...

    async def stop(self, grace_s: float) -> None:
        """End in good order, within bounds."""
        ...


class Surroundings(msgspec.Struct, frozen=True):
    """What links are built into."""

    clock: Clock
    metrics: Metrics
    #: draws from 0..1
    luck: Callable[[], float]
    #: take what a carrier reports, what a handset wrote, what it sent with pictures
    take_receipt: Callable[[Receipt, Done], None]
    take_inbound: Callable[[InboundPart, Done], None]
    take_mms: Callable[[InboundMms, Done], None]
    #: gives the octets of a digest
    read_content: Callable[[str], Awaitable[bytes | None]]


def link_of(entry: LinkEntry, around: Surroundings) -> Link:
    """Build a link. Raises SettingsError."""
    if entry.kind == "mm7":
        return Mm7Link(_mm7_settings(entry), around.clock, around.luck, around.metrics, around.read_content)
    return SmppLink(
        _smpp_settings(entry),
        around.clock,
        around.luck,
        around.metrics,
        around.take_receipt,
        around.take_inbound,
    )


def listener_of(entry: LinkEntry, around: Surroundings) -> tuple[Serve, ServerSettings] | None:
    """Build what serves a link's carrier, and where; None for a link that is not asked."""
    if not entry.listen:
        return None
    host, port = host_and_port(entry.listen)
    access = Access(entry.listen_user, entry.listen_password)
    listener = Listener(entry.name, access, around.clock, around.take_receipt, around.take_mms)
    where = ServerSettings(
        host=host,
        port=port,
        guard=GuardLimits(body_octets=LISTEN_OCTETS, connections=LISTEN_CONNECTIONS),
        certificate=Path(entry.listen_certificate) if entry.listen_certificate else None,
        key=Path(entry.listen_key) if entry.listen_key else None,
        section=f"link `{entry.name}`",
    )
    return listener.serve, where


def sender_settings(entry: LinkEntry) -> SenderSettings:
    """Tell how a link is to be fed."""
    retry = RetryPolicy(max_attempts=entry.max_attempts, hold_in_doubt=entry.in_doubt == "hold")
    return SenderSettings(retry=retry, tps=entry.tps)


def text_rules(entries: tuple[LinkEntry, ...]) -> dict[str, TextRules]:
    """Tell what each link for texts can carry."""
    return {entry.name: entry.quirks.text_rules for entry in entries if entry.kind == "smpp"}


def links_of(entries: tuple[LinkEntry, ...], is_up: Callable[[str], bool]) -> Links:
    """Tell what all links can carry."""
    mms = {
        entry.name: MmsRules(entry.max_octets, entry.downscale and images.is_available)
        for entry in entries
        if entry.kind == "mm7"
    }
    return Links(text_rules(entries), is_up, mms)


def content_limits(settings: MessageSettings) -> ContentLimits:
    """Tell what may be attached."""
    return ContentLimits(settings.mms_octets, images.fault_of if settings.mms_verify else None)


def missing_pillow(entries: tuple[LinkEntry, ...], messages: MessageSettings) -> list[str]:
    """Name the settings that want Pillow where it is not installed."""
    if images.is_available:
        return []
    wanting = [f"downscale of link `{entry.name}`" for entry in entries if entry.downscale]
    return [*wanting, *(["mms_verify of [messages]"] if messages.mms_verify else [])]


def tls_of(entry: LinkEntry) -> ssl.SSLContext | None:
    """Make the TLS context that a link's settings ask for. Raises SettingsError."""
    if not (entry.tls or entry.url.startswith("https:")):
        return None
    return tls.context(entry.name, entry.tls_ca, entry.tls_certificate, entry.tls_key)


def address_of(entry: LinkEntry) -> tuple[str, int]:
    """Tell host and port of a link's carrier."""
    if entry.kind == "smpp":
        return entry.host, entry.port
    where = urlsplit(entry.url)
    return where.hostname or "", where.port or PORTS.get(where.scheme, 0)


async def probe_link(entry: LinkEntry, clock: Clock) -> list[str]:
    """Try a link once, for `aldis doctor`: one of STANDING for each bind, or why it does not stand. Raises
    SettingsError.
    """
    if entry.kind == "smpp":
        return await probe(msgspec.structs.replace(_smpp_settings(entry), count=1), clock)
    link = Mm7Link(_mm7_settings(entry), clock, lambda: 1.0, Metrics(), _nothing)
    return ["reachable" if await link.reaches() else link.condition().last_error]


async def _nothing(_digest: str) -> bytes | None:
    return None


def _mm7_settings(entry: LinkEntry) -> Mm7Settings:
    return Mm7Settings(
        name=entry.name,
        url=entry.url,
        access=Access(entry.user, password_of(entry)),
        identity=Identity(entry.vasp_id, entry.vas_id, entry.service_code),
        window=entry.window,
        response_s=entry.response_s,
        tls=tls_of(entry),
        max_octets=entry.max_octets,
        shrinks=entry.downscale,
    )


def _smpp_settings(entry: LinkEntry) -> LinkSettings:
    return LinkSettings(
        name=entry.name,
        host=entry.host,
        port=entry.port,
        system_id=entry.system_id,
        password=password_of(entry),
        system_type=entry.system_type,
        window=entry.window,
        timers=Timers(enquire_link_s=entry.enquire_link_s, response_s=entry.response_s),
        binds=PAIR if entry.bind == "pair" else TRANSCEIVER,
        count=entry.binds,
        tls=tls_of(entry),
        quirks=entry.quirks,
    )
