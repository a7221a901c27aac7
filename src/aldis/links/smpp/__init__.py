"""Links that speak SMPP to a carrier's SMSC."""

from __future__ import annotations

from aldis.links.contract import LinkKind
from aldis.links.smpp.entry import SmppEntry
from aldis.links.smpp.explain import submits
from aldis.links.smpp.link import SmppLink
from aldis.links.smpp.probe import probe

KIND = LinkKind(SmppEntry, SmppLink, probe, inspect=lambda entry, view: submits(view, entry.quirks))
