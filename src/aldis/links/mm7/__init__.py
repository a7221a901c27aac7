"""Links over MM7: multimedia messages to an MMSC, its reports, and what handsets send."""

from __future__ import annotations

from aldis.links.contract import LinkKind
from aldis.links.mm7.entry import Mm7Entry
from aldis.links.mm7.link import Mm7Link, probe
from aldis.links.mm7.listening import listening

KIND = LinkKind(Mm7Entry, Mm7Link, probe, listener=listening)
