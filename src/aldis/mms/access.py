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
    def header(self) -> str:
        """What shows it, as the value of Authorization."""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()

    @property
    def headers(self) -> dict[str, str]:
        """What to send with a request; nothing where there is no user."""
        return {"Authorization": self.header} if self.user else {}

    def is_shown(self, authorization: str) -> bool:
        """Tell whether a header shows it, in the same time whatever it holds."""
        return hmac.compare_digest(authorization.encode("utf-8", "replace"), self.header.encode())
