"""What the gateway's other parts must know of the settings' links: how each is fed, what it can carry."""

from __future__ import annotations

from collections.abc import Callable

from aldis.accounts.routing import MmsRules, Router
from aldis.links.entry import LinkEntry
from aldis.mms import images
from aldis.settings import MessageSettings
from aldis.stages.admission.context import ContentLimits
from aldis.stages.sending.retry import RetryPolicy
from aldis.stages.sending.sender import SenderSettings


def sender_settings(entry: LinkEntry) -> SenderSettings:
    """Tell how a link is to be fed."""
    retry = RetryPolicy(entry.max_attempts, entry.in_doubt == "hold", entry.repeats_in_doubt)
    return SenderSettings(retry=retry, tps=entry.tps)


def router_of(entries: tuple[LinkEntry, ...], is_up: Callable[[str], bool] | None = None) -> Router:
    """Build what routes over these links. `is_up`: None where they do not run, and all count as up."""
    carried = {entry.name: entry.carries for entry in entries}
    texts = {name: rules for name, rules in carried.items() if not isinstance(rules, MmsRules)}
    mms = {name: rules for name, rules in carried.items() if isinstance(rules, MmsRules)}
    return Router(texts, is_up or carried.__contains__, mms)


def content_limits(settings: MessageSettings) -> ContentLimits:
    """Tell what may be attached."""
    return ContentLimits(settings.mms_octets, images.fault_of if settings.mms_verify else None)


def missing_pillow(entries: tuple[LinkEntry, ...], messages: MessageSettings) -> list[str]:
    """Name the settings that want Pillow where it is not installed."""
    if images.is_available:
        return []
    wanting = [f"{key} of link `{entry.name}`" for entry in entries for key in entry.needs_pillow]
    return [*wanting, *(["mms_verify of [messages]"] if messages.mms_verify else [])]
