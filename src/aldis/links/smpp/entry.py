"""`[[link]]` of an SMSC."""

from __future__ import annotations

from typing import ClassVar, Literal

from aldis.addresses import MAX_PORT
from aldis.host_names import host_fault
from aldis.links.entry import MAX_PASSWORD, LinkEntry
from aldis.links.smpp.quirks import Quirks
from aldis.sms.fitting import TextRules
from aldis.toml_file import Fault


class SmppEntry(LinkEntry, frozen=True, kw_only=True, tag="smpp"):
    """Where an SMSC is and how it wants to be spoken to."""

    tls_means: ClassVar[str] = "`tls = true`"

    host: str = ""
    port: int = 0
    #: a transceiver, or a transmitter and a receiver
    bind: Literal["transceiver", "pair"] = "transceiver"
    #: so many of them
    binds: int = 1
    tls: bool = False
    system_id: str = ""
    system_type: str = ""
    enquire_link_s: float = 30.0
    quirks: Quirks = Quirks()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the SMSC."""
        return self.host, self.port

    @property
    def sockets(self) -> int:
        """How many binds there are."""
        return self.binds * (2 if self.bind == "pair" else 1)

    @property
    def carries(self) -> TextRules:
        """What its texts may be."""
        return self.quirks.text_rules

    @property
    def is_tls(self) -> bool:
        """Whether it is reached by TLS."""
        return self.tls

    def faults(self) -> list[Fault]:
        """Find what the types cannot."""
        found = super().faults() + self.not_positive("binds", "enquire_link_s")
        for key, longest in (("system_id", 15), ("system_type", 12), ("password", MAX_PASSWORD)):
            if len(getattr(self, key)) > longest:
                found.append(((key,), f"must be {longest} characters at most (SMPP v3.4 §4.1.1)"))
            if not getattr(self, key).isascii():
                found.append(((key,), "must be ASCII (SMPP v3.4 §3.1)"))
        if not self.host:
            found.append((("host",), "must not be empty"))
        elif fault := host_fault(self.host):
            found.append((("host",), f"is a name that {fault}"))
        if not 0 < self.port <= MAX_PORT:
            why = "must be above 0" if self.port <= 0 else f"must be {MAX_PORT} at most"
            found.append((("port",), why))
        if self.in_doubt == "hold" and not self.quirks.registered_delivery & 0x03:
            found.append(
                (("in_doubt",), "`hold` waits for receipts, and `registered_delivery` asks for none")
            )
        return found + [(("quirks", key), fault) for key, fault in self.quirks.faults()]
