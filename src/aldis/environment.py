"""Puts values of the environment into parsed TOML: `ALDIS__HTTP__LISTEN=0.0.0.0:80` is `listen` in `[http]`,
`ALDIS__LINK__<name>__PASSWORD` a key of the link of that name, `ALDIS__LINK__<name>__QUIRKS__PREFIX` one
of its quirks.

What a record wants as text is taken as it stands, everything else is read as TOML.
"""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from aldis import toml_file

PREFIX = "ALDIS__"


def override(
    data: dict[str, Any], record: type[msgspec.Struct], environment: Mapping[str, str]
) -> tuple[dict[toml_file.Path, str], list[str]]:
    """Put the values in; returns which came from which variable, and a line for each variable that leads
    nowhere.
    """
    origins: dict[toml_file.Path, str] = {}
    problems: list[str] = []
    for variable, value in sorted(environment.items()):
        if not variable.startswith(PREFIX):
            continue
        parts = [part.lower() for part in variable.removeprefix(PREFIX).split("__")]
        found = _place(data, record, parts)
        if found is None:
            problems.append(f"{variable}: there is nothing of that name to override")
            continue
        table, path, kind = found
        table[str(path[-1])] = value if _is_text(kind) else _value(value)
        origins[path] = variable
    return origins, problems


def _place(
    data: dict[str, Any], record: type[msgspec.Struct], parts: list[str]
) -> tuple[dict[str, Any], toml_file.Path, Any] | None:
    """Walk from table to table, by name where there are several; returns the last, the path, and the type
    that is wanted there.
    """
    table, kind, path = data, typing.cast("Any", record), list[str | int]()
    while True:
        records = toml_file.records_of(kind)
        fields = {field.encode_name: field.type for each in records for field in msgspec.structs.fields(each)}
        if not parts:
            return None
        key, *parts = parts
        if key not in fields:  # of a table that is there, whoever converts it says what it knows
            return (table, (*path, key), str) if path and not parts else None
        kind = fields[key]
        path.append(key)
        if typing.get_origin(kind) is tuple and toml_file.records_of(typing.get_args(kind)[0]) and parts:
            several, kind = table.get(key), typing.get_args(kind)[0]
            names = [_spelled(item) for item in several] if isinstance(several, list) else []
            if parts[0] not in names:
                return None
            at = names.index(parts.pop(0))
            path.append(at)
            table = typing.cast("list[dict[str, Any]]", several)[at]
        elif toml_file.records_of(kind):
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                return None
        else:
            return None if parts else (table, tuple(path), kind)


def _spelled(item: object) -> str:
    """Spell a name as a variable can: `Big-Carrier` is BIG_CARRIER."""
    name = item.get("name", "") if isinstance(item, dict) else ""
    return str(name).lower().replace("-", "_")


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - as above
    return typing.get_origin(kind) is typing.Literal or (isinstance(kind, type) and issubclass(kind, str))


def _value(text: str) -> object:
    """Read TOML where it is TOML (numbers, lists), text otherwise."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # as `toml_file.parse`
        return text
