"""`[[link]]` of an MMSC."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urlsplit

from aldis.accounts.routing import MmsRules
from aldis.addresses import host_and_port, own_http_fault
from aldis.links.entry import LinkEntry
from aldis.listening.guard import sockets_of
from aldis.mms import images
from aldis.toml_file import MOST, Fault

#: that an MMSC may have open at `listen`
CONNECTIONS = 50
_PORTS = {"http": 80, "https": 443}


class Mm7Entry(LinkEntry, frozen=True, kw_only=True, tag="mm7"):
    """Where an MMSC is, who we are to it, and where it reaches us."""

    tls_means: ClassVar[str] = "an https `url`"

    #: where it takes messages
    url: str = ""
    #: who we are to it
    vasp_id: str = ""
    vas_id: str = ""
    service_code: str = ""
    user: str = ""
    #: where it sends its reports and what handsets write, and what it must show; "": nowhere
    listen: str = ""
    listen_user: str = ""
    listen_password: str = ""
    #: PEM files; both or neither
    listen_certificate: str = ""
    listen_key: str = ""
    #: of one message; 0: no limit of its own
    max_octets: int = 0
    #: pictures are made smaller where a message is larger than that
    downscale: bool = False

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the MMSC."""
        where = urlsplit(self.url)
        return where.hostname or "", where.port or _PORTS.get(where.scheme, 0)

    @property
    def carries(self) -> MmsRules:
        """What its messages may be."""
        return MmsRules(self.max_octets, self.downscale and images.is_available)

    @property
    def sockets(self) -> int:
        """How many requests may be under way, and how many the MMSC may have connected."""
        return self.window + (sockets_of(CONNECTIONS) if self.listen else 0)

    @property
    def needs_pillow(self) -> tuple[str, ...]:
        """What makes pictures smaller."""
        return ("downscale",) if self.downscale else ()

    @property
    def listens_at(self) -> str:
        """Where the MMSC asks us."""
        return self.listen

    @property
    def is_tls(self) -> bool:
        """Whether it is reached by TLS."""
        return self.url.startswith("https:")

    def faults(self) -> list[Fault]:
        """Find what the types cannot."""
        found = super().faults() + self._listen_faults()
        if fault := own_http_fault(self.url):
            found.append((("url",), fault))
        found += [
            ((key,), "must not hold a colon (RFC 7617 §2)")
            for key in ("user", "listen_user")
            if ":" in getattr(self, key)
        ]
        if not 0 <= self.max_octets <= MOST:
            found.append((("max_octets",), f"must not be negative, and {MOST:,} at most"))
        if self.downscale and not self.max_octets:
            found.append((("downscale",), "makes pictures fit `max_octets`: give that too"))
        return found

    def _listen_faults(self) -> list[Fault]:
        found: list[Fault] = []
        if self.listen:
            try:
                host_and_port(self.listen)
            except ValueError as fault:
                found.append((("listen",), str(fault)))
            found += [
                ((key,), "must not be empty: the MMSC has to show it")
                for key in ("listen_user", "listen_password")
                if not getattr(self, key)
            ]
        elif self.in_doubt == "hold":
            found.append((("in_doubt",), "`hold` waits for reports, and there is no `listen` for them"))
        if bool(self.listen_certificate) != bool(self.listen_key):
            found.append(((), "`listen_certificate` and `listen_key` belong together"))
        return found
