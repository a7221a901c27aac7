"""Writes one record of the directory as TOML, as it would stand in a directory file. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
#: what TOML has no business with in a string: it is written as an escape
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


def written(document: Mapping[str, Any], name: str) -> str:
    """Write a document below `[[name]]`: values first, then tables, then lists of tables."""
    return "\n".join([f"[[{name}]]", *_lines(document, name)]) + "\n"


def _lines(document: Mapping[str, Any], path: str) -> list[str]:
    plain, tables, lists = [], [], []
    for key, value in document.items():
        if isinstance(value, Mapping):
            tables += ["", f"[{path}.{_key(key)}]", *_lines(value, f"{path}.{_key(key)}")]
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            for item in value:
                lists += ["", f"[[{path}.{_key(key)}]]", *_lines(item, f"{path}.{_key(key)}")]
        elif value is not None:
            plain.append(f"{_key(key)} = {_value(value)}")
    return [*plain, *tables, *lists]


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: Any) -> str:  # noqa: ANN401 - any value of a document
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        text = json.dumps(
            value, ensure_ascii=False
        )  # a JSON string is a TOML one, but for one control character
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return repr(value)
