"""Where a database is, as `[store] url` says it, with a password that nobody is shown.

    postgresql://USER:PASSWORD@HOST1:PORT,HOST2:PORT/DATABASE?sslmode=verify-full

What stands behind the question mark is libpq's, as asyncpg reads it, or a setting of the session. Source:
PostgreSQL 18 §32.1.1.2 "Connection URIs".
"""

from __future__ import annotations

import re

import msgspec

from aldis.errors import SettingsError

_FORM = "postgresql://USER:PASSWORD@HOST,HOST/DATABASE"
_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[^\[\]@/?#:,\s]+)(?::\d{1,5})?"
_URL = re.compile(
    rf"""(?P<scheme>postgres(?:ql)?://)
         (?P<login>[^@/?#\s]*@)?
         (?P<hosts>(?:{_HOST}(?:,{_HOST})*)?)
         (?P<database>(?:/[^@/?#\s]*)?)
         (?P<query>(?:\?[^=&?#@\s]+=[^&#\s]*(?:&[^=&?#@\s]+=[^&#\s]*)*)?)""",
    re.VERBOSE,
)


class Address(msgspec.Struct, frozen=True):
    """A database, on whichever of its hosts the primary runs."""

    #: a URL for each host, with the password
    urls: tuple[str, ...]
    #: for people: hosts and database
    shown: str

    def __repr__(self) -> str:
        return f"Address({self.shown})"


def read_address(url: str) -> Address:
    """Take a URL apart. Raises SettingsError, which quotes nothing of it: it may be a password."""
    found = _URL.fullmatch(url)
    if found is None:
        raise SettingsError(
            [f"[store] url cannot be read: {_FORM} is expected, what is special in a password as %XX"]
        )
    scheme, login, hosts, database, query = (part or "" for part in found.groups())
    urls = tuple(f"{scheme}{login}{host}{database}{query}" for host in hosts.split(","))
    return Address(urls, f"postgresql://{hosts}{database}")
