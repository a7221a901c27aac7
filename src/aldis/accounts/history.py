"""What became of the directory's records: changes, each whole, and how they are shown without what is
secret. Pure.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from aldis.accounts.price import from_micros
from aldis.clock import as_datetime

#: stands for what is never shown again
MASK = "********"
_SECRET = frozenset(("secret", "password_hash", "identity_digest"))
#: by dialect, and all of it secret
SECRETS = ("postback_secret", "postback_headers")
#: by dialect, and with passwords or keys in them: `https://user:password@…`, `https://…?key=…`
ADDRESSES = ("postback", "inbound")
#: what tells a credential from the others
_NAMING = ("account", "dialect", "identity_digest")
#: between the names that lead to a value
STEP = " / "
#: how much of a digest names a credential among an account's
SHORT = 12


_password = re.compile(r"^([A-Za-z]+://[^/?#@:]*:)[^/?#]*@").sub
#: what stands in a query under the names that keys have: `key`, `access_token`, Azure's `code`
_key = re.compile(
    r"([?&](?:(?:[^=&#]*[^=&#a-z])?(?:key|pass|pwd|auth|sig|signature|code)"
    r"|[^=&#]*(?:api_?key|token|secret|passw(?:or)?d|passphrase))=)[^&#]+",
    re.IGNORECASE,
).sub


class Change(msgspec.Struct, frozen=True, array_like=True):
    """One change of one record."""

    change_id: int
    at: int
    actor: str
    #: "console", "api" or "command line"
    via: str
    kind: str
    key: str
    #: JSON, with what is secret; None: there was none, there is none any more
    before: bytes | None
    after: bytes | None
    #: the change that this one took back; 0: none
    undoes: int = 0


class Difference(msgspec.Struct, frozen=True):
    """One value that a change touched; nothing of it is secret."""

    path: str
    before: str
    after: str


def masked(document: Any) -> Any:  # noqa: ANN401 - any JSON
    """Give a JSON document without what is secret."""
    if isinstance(document, list):
        return [masked(item) for item in document]
    if not isinstance(document, dict):
        return document
    shown: dict[str, Any] = {}
    for name, value in document.items():
        if name in _SECRET and value:
            shown[name] = MASK
        elif name in SECRETS and isinstance(value, dict):
            shown[name] = dict.fromkeys(value, MASK)
        elif name in ADDRESSES and isinstance(value, dict):
            shown[name] = {dialect: masked_address(str(url)) for dialect, url in value.items()}
        else:
            shown[name] = masked(value)
    return shown


def masked_address(url: str) -> str:
    """Give an address without the password and the keys in it."""
    return _key(rf"\1{MASK}", _password(rf"\1{MASK}@", url))


def differences(before: bytes | None, after: bytes | None) -> list[Difference]:
    """Tell in which values two bodies differ, in their order; "" stands for none."""
    old = {} if before is None else _flat(msgspec.json.decode(before))
    new = {} if after is None else _flat(msgspec.json.decode(after))
    return [
        Difference(path, _shown(path, old.get(path, "")), _shown(path, new.get(path, "")))
        for path in dict.fromkeys((*old, *new))
        if old.get(path, "") != new.get(path, "")
    ]


def restored(before: bytes, after: bytes, now: bytes) -> bytes:
    """Put the values that a change touched back into a body as it is now, and leave the others. Raises
    ValueError with the names of those that were changed again since.
    """
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    old, new, kept = (
        {name: bytes(value) for name, value in decoder.decode(body).items()} for body in (before, after, now)
    )
    touched = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    again = [name for name in touched if kept.get(name) not in (new.get(name), old.get(name))]
    if again:
        raise ValueError(", ".join(again))
    merged = {name: value for name, value in kept.items() if name not in touched}
    merged |= {name: old[name] for name in touched if name in old}
    order = [*dict.fromkeys((*old, *kept))]  # as it was, so that nothing seems to differ
    return msgspec.json.encode({name: msgspec.Raw(merged[name]) for name in order if name in merged})


def _shown(path: str, value: str) -> str:
    parts = path.split(STEP)
    if value and (parts[-1] in _SECRET or any(name in parts for name in SECRETS)):
        return MASK
    return masked_address(value) if any(name in parts for name in ADDRESSES) else value


def _flat(document: Any, path: str = "") -> dict[str, str]:  # noqa: ANN401 - any JSON
    """Give every value under a path that people can read."""
    if isinstance(document, dict):
        items = [(str(name), value) for name, value in document.items()]
        if "identity_digest" in document:  # a credential, whose path names it
            items = [("valid", True), *(item for item in items if item[0] not in _NAMING)]
        items = [_for_people(*item) for item in items]
    elif isinstance(document, list) and any(isinstance(item, dict | list) for item in document):
        items = [(_label(item, index), item) for index, item in enumerate(document, start=1)]
    else:
        return {path: _spelled(document)}
    found: dict[str, str] = {}
    for name, value in items:
        found |= _flat(value, path + STEP + name if path else name)
    return found


def _for_people(name: str, value: Any) -> tuple[str, Any]:  # noqa: ANN401 - any JSON
    """Give money and instants as people write them."""
    if name == "micros":
        return "price", from_micros(value)
    return name, as_datetime(value).strftime("%Y-%m-%d %H:%M:%S UTC") if name == "until" else value


def _label(item: Any, index: int) -> str:  # noqa: ANN401 - any JSON
    """Name an item of a list by what tells it from the others."""
    if isinstance(item, dict) and "value" in item:
        return str(item["value"])
    if isinstance(item, dict) and "identity_digest" in item:
        return f"{item.get('dialect', '')} {str(item['identity_digest'])[:SHORT]}"
    return str(index)


def _spelled(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
