"""What the gateway's other parts must know of the settings' links: how each is fed, what it can carry."""

from __future__ import annotations

from collections.abc import Callable

from aldis.links.entry import LinkEntry
from aldis.mms import images
from aldis.settings import MessageSettings
from aldis.sms.fitting import TextRules
from aldis.stages.admission.case import ContentLimits, Links, MmsRules
from aldis.stages.sending.retry import RetryPolicy
from aldis.stages.sending.sender import SenderSettings


def sender_settings(entry: LinkEntry) -> SenderSettings:
    """Tell how a link is to be fed."""
    retry = RetryPolicy(max_attempts=entry.max_attempts, hold_in_doubt=entry.in_doubt == "hold")
    return SenderSettings(retry=retry, tps=entry.tps)


def rules_of(entries: tuple[LinkEntry, ...]) -> tuple[dict[str, TextRules], dict[str, MmsRules]]:
    """Tell what each link for texts can carry, and each for multimedia messages."""
    texts: dict[str, TextRules] = {}
    mms: dict[str, MmsRules] = {}
    for entry in entries:
        rules = entry.carries
        if isinstance(rules, MmsRules):
            mms[entry.name] = rules
        else:
            texts[entry.name] = rules
    return texts, mms


def links_of(entries: tuple[LinkEntry, ...], is_up: Callable[[str], bool]) -> Links:
    """Tell what all links can carry."""
    texts, mms = rules_of(entries)
    return Links(texts, is_up, mms)


def content_limits(settings: MessageSettings) -> ContentLimits:
    """Tell what may be attached."""
    return ContentLimits(settings.mms_octets, images.fault_of if settings.mms_verify else None)


def missing_pillow(entries: tuple[LinkEntry, ...], messages: MessageSettings) -> list[str]:
    """Name the settings that want Pillow where it is not installed."""
    if images.is_available:
        return []
    wanting = [f"{key} of link `{entry.name}`" for entry in entries for key in entry.needs_pillow]
    return [*wanting, *(["mms_verify of [messages]"] if messages.mms_verify else [])]
