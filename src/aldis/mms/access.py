"""Who may talk to whom over MM7: HTTP's Basic scheme, shown and judged. Pure. Source: RFC 7617 §2."""

from __future__ import annotations

import hmac
from base64 import b64encode

import msgspec


class Access(msgspec.Struct, frozen=True):
    """A user without colons, and a password."""

    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Access()"

    @property
    def encoded(self) -> str:
        """User and password as they are shown."""
        return b64encode(f"{self.user}:{self.password}".encode()).decode()

    @property
    def header(self) -> str:
        """What shows it, as the value of Authorization."""
        return f"Basic {self.encoded}"

    @property
    def headers(self) -> dict[str, str]:
        """What to send with a request; nothing where there is no user."""
        return {"Authorization": self.header} if self.user else {}

    def is_shown(self, authorization: str) -> bool:
        """Tell whether a header shows it, in the same time whatever it holds."""
        return hmac.compare_digest(shown_in(authorization).encode("utf-8", "replace"), self.encoded.encode())


def shown_in(authorization: str) -> str:
    """Give user and password as a header shows them, still encoded; "" where it shows none. Its scheme may be
    written in any case (RFC 9110 §11.1).
    """
    scheme, _, encoded = authorization.partition(" ")
    return encoded.strip(" ") if scheme.lower() == "basic" else ""
