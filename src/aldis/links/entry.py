"""What `[[link]]` says of a link of any kind. Each kind adds its own keys in `links/<kind>/entry.py`."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from aldis.accounts.number_plans import country_fault
from aldis.accounts.routing import MmsRules
from aldis.errors import SettingsError
from aldis.sms.fitting import TextRules
from aldis.toml_file import MOST, Fault

MAX_PASSWORD = 64


class LinkEntry(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """A carrier, and how to send to it; its tag is the `kind`."""

    #: what turns TLS on, for people
    tls_means: ClassVar[str] = ""

    name: str
    password: str = ""
    password_file: str = ""
    #: PEM files: whom to believe instead of the system's authorities; who we are
    tls_ca: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    #: what may await its response, on each connection
    window: int = 100
    #: segments a second; none: no limit
    tps: float | None = None
    #: what to do with a message that was submitted and not answered: send again, or wait for its receipt
    in_doubt: Literal["resend", "hold"] = "resend"
    #: how often it is sent again at most
    repeats_in_doubt: int = 2
    max_attempts: int = 24
    #: of numbers that come without their country code (ISO 3166); "": that of the directory's credentials,
    #: where they have one only
    country: str = ""
    response_s: float = 30.0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the carrier."""
        raise NotImplementedError

    @property
    def carries(self) -> TextRules | MmsRules:
        """What it can carry: texts, or multimedia messages."""
        raise NotImplementedError

    @property
    def is_tls(self) -> bool:
        """Whether the carrier is reached by TLS."""
        return False

    @property
    def listens_at(self) -> str:
        """Where the carrier asks us by HTTP, as host:port; "" for nowhere."""
        return ""

    @property
    def sockets(self) -> int:
        """How many connections it may have open, both ways."""
        raise NotImplementedError

    @property
    def needs_pillow(self) -> tuple[str, ...]:
        """The settings that have no effect without Pillow."""
        return ()

    def secret(self) -> str:
        """Read the password from where the file says it is. Raises SettingsError."""
        if not self.password_file:
            return self.password
        where = f"password_file of link `{self.name}`"
        try:
            password = Path(self.password_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as fault:
            raise SettingsError([f"{where}: {getattr(fault, 'strerror', None) or 'not UTF-8'}"]) from None
        if len(password) > MAX_PASSWORD or not password.isascii():
            raise SettingsError([f"{where}: must be {MAX_PASSWORD} ASCII characters at most"])
        return password

    def tls_context(self) -> ssl.SSLContext | None:
        """Make what always verifies the carrier, and may show who we are; None where there is no TLS. Raises
        SettingsError that names the key.
        """
        if not self.is_tls:
            return None
        keys = "tls_ca"
        try:
            made = ssl.create_default_context(cafile=self.tls_ca or None)
            made.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.tls_certificate:
                keys = "tls_certificate and tls_key"
                made.load_cert_chain(self.tls_certificate, self.tls_key, password=_refuse)
        except (OSError, ValueError) as fault:
            why = getattr(fault, "strerror", None) or fault
            raise SettingsError([f"{keys} of link `{self.name}`: {why}"]) from None
        return made

    def faults(self) -> list[Fault]:
        """Find what the types cannot. A kind adds its own."""
        found: list[Fault] = self.not_positive("window", "max_attempts", "response_s")
        if not 0 <= self.repeats_in_doubt <= MOST:
            found.append((("repeats_in_doubt",), f"must not be below 0, and {MOST:,} at most"))
        if not self.name:
            found.append((("name",), "must not be empty"))
        if self.password and self.password_file:
            found.append(((), "give `password` or `password_file`, not both"))
        if self.tps is not None and not 0 < self.tps <= MOST:
            found.append((("tps",), f"must be above 0 and {MOST:,} at most; leave it out for no limit"))
        if fault := country_fault(self.country):
            found.append((("country",), fault))
        if bool(self.tls_certificate) != bool(self.tls_key):
            found.append(((), "`tls_certificate` and `tls_key` belong together"))
        if not self.is_tls and (self.tls_ca or self.tls_certificate):
            found.append(((), f"`tls_ca`, `tls_certificate` and `tls_key` need {self.tls_means}"))
        return found

    def not_positive(self, *keys: str) -> list[Fault]:
        """Find which of these are no number above 0, or beyond all bounds."""
        words = f"must be above 0 and {MOST:,} at most"
        return [((key,), words) for key in keys if not 0 < getattr(self, key) <= MOST]


def _refuse() -> str:
    """Nobody sits at a service's terminal to be asked for a passphrase."""
    raise ValueError("an encrypted key cannot be used")
