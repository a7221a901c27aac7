"""Reads TOML into typed records and reports every fault at once, each with its line.

msgspec stops at the first fault, and an operator wants all of them; so this walks the record's fields and
lets msgspec judge one value at a time. Both files of Aldis come through here: `settings/` and
`accounts/directory_file.py`.
"""

from __future__ import annotations

import re
import tomllib
import types
import typing
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

import msgspec

from aldis.errors import SettingsError

Record = TypeVar("Record", bound=msgspec.Struct)
Path = tuple[str | int, ...]
#: where it is, and what is wrong with it
Fault = tuple[Path, str]

#: of any number in a file: octets, seconds (31 years), days, connections
MOST = 1_000_000_000

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")


def parse(text: str, file: str) -> dict[str, Any]:
    """Read TOML; raises SettingsError with file and line when it is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as fault:  # thousands of digits; arrays in arrays
        raise SettingsError([f"{file}: {fault}"]) from None


def with_text(text: str, table: str, key: str, value: str, file: str) -> str:
    """Write a file in which a key of a table is another text; all else in it stays as it is. Raises
    SettingsError where the file has that table in another form than `[table]`.
    """
    found = _Lines(text)
    lines = text.splitlines(keepends=True)
    said = f"{key} = {msgspec.json.encode(value).decode()}\n"
    if (place := found.exactly((table, key))) is not None:
        lines[place - 1] = said
    elif (place := found.exactly((table,))) is not None:
        lines[place - 1] = f"{lines[place - 1].rstrip(chr(10))}\n"
        lines.insert(place, said)
    else:
        lines.append(f"{'' if text.endswith(chr(10)) or not text else chr(10)}\n[{table}]\n{said}")
    written, wanted = "".join(lines), parse(text, file)
    wanted.setdefault(table, {})[key] = value
    try:
        is_right = tomllib.loads(written) == wanted
    except ValueError:
        is_right = False
    if not is_right:
        raise SettingsError([f"{file}: `{key}` of [{table}] stands in another way there: write it by hand"])
    return written


class Source(msgspec.Struct, frozen=True):
    """What was parsed, for the places of its faults."""

    text: str
    file: str
    #: values that came from elsewhere, and from where: an environment variable
    origins: dict[Path, str] = {}


def convert(
    data: dict[str, Any], record: type[Record], source: Source, judge: Callable[[Record], list[Fault]]
) -> Record:
    """Turn parsed TOML into a record; raises SettingsError with one line for every fault in it.

    `judge` finds the faults of sense. It also sees a record of which some values were faulty (they have their
    defaults then), so that the operator hears of everything at once.
    """
    found, faults = judged(data, record, judge)
    if faults or found is None:
        raise SettingsError(_spelled(source, faults))
    return found


def judged(
    data: dict[str, Any], record: type[Record], judge: Callable[[Record], list[Fault]]
) -> tuple[Record | None, list[Fault]]:
    """Turn a document into a record, and tell of every fault by its path; None when too much is missing."""
    faults: list[Fault] = []
    found = typing.cast("Record | None", _convert(data, record, (), faults))
    if found is not None:
        faults += [fault for fault in judge(found) if fault[0] not in {path for path, _ in faults}]
    return found, faults


def _spelled(source: Source, faults: list[Fault]) -> list[str]:
    """Spell faults with file, line and key, in the order of the file; those from elsewhere first."""
    lines = _Lines(source.text)
    elsewhere = [f"{source.origins[path]}: {fault}" for path, fault in faults if path in source.origins]
    found = [
        (lines.of(path), f"{_spell(path)}: {fault}") for path, fault in faults if path not in source.origins
    ]
    return elsewhere + [f"{source.file}:{line}: {fault}" for line, fault in sorted(found)]


def _convert(value: Any, kind: Any, path: Path, faults: list[Fault]) -> Any:  # noqa: ANN401 - it reads anything
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    records = records_of(kind)
    if records and isinstance(value, dict):
        return _convert_record(value, records, path, faults)
    if origin in (list, tuple) and isinstance(value, list):
        items = [_convert(item, arguments[0], (*path, index), faults) for index, item in enumerate(value)]
        return None if None in items else items
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as fault:
        words = arguments if origin is typing.Literal else ()
        if isinstance(kind, type) and issubclass(kind, Enum):
            words = tuple(member.value for member in kind)
        one_of = f"; must be one of {', '.join(map(str, words))}" if words else ""
        faults.append((path, str(fault) + one_of))
        return None


def records_of(kind: Any) -> tuple[type[msgspec.Struct], ...]:  # noqa: ANN401 - a type or what typing makes of one
    """Give the records that a table may become where this type is wanted: of a tagged union several, and the
    first is meant where a table has no tag.
    """
    is_union = typing.get_origin(kind) in (types.UnionType, typing.Union)
    members = typing.get_args(kind) if is_union else (kind,)
    return tuple(each for each in members if isinstance(each, type) and issubclass(each, msgspec.Struct))


def _convert_record(
    value: dict[str, Any], records: tuple[type[Any], ...], path: Path, faults: list[Fault]
) -> Any:  # noqa: ANN401 - as above
    tag_field = records[0].__struct_config__.tag_field
    by_tag = {record.__struct_config__.tag: record for record in records}
    tag = value.get(tag_field, records[0].__struct_config__.tag)
    kind = by_tag.get(str(tag), records[0])
    if str(tag) not in by_tag and tag_field:
        faults.append(((*path, tag_field), f"must be one of {', '.join(by_tag)}"))
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    known = ", ".join([tag_field, *fields] if tag_field else fields)
    for key in value:
        if key not in fields and key != tag_field:
            others = [tag for tag, record in by_tag.items() if key in record.__struct_encode_fields__]
            theirs = " or ".join(f'`{tag_field} = "{other}"`' for other in others)
            it_is = f"unknown key here: it is for {path[0]}s of {theirs}" if others else "unknown key"
            faults.append(((*path, key), f"{it_is}; known here: {known}"))
    given: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in value:
            faults.extend([(path, f"`{name}` is missing")] if field.required else [])
            continue
        item = _convert(value[name], field.type, (*path, name), faults)
        if item is not None:
            given[field.name] = tuple(item) if isinstance(item, list) else item
    whole = all(field.name in given for field in fields.values() if field.required)
    return kind(**given) if whole else None


def _spell(path: Path) -> str:
    spelled = ""
    for part in path:
        spelled += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if spelled else part
    return spelled or "the file"


class _Lines:
    """Finds the line of a value by a plain look at headers and keys; inside inline tables, the line of their
    key.
    """

    def __init__(self, text: str) -> None:
        self._found: dict[Path, int] = {(): 1}
        section: Path = ()
        counts: dict[Path, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if header := _HEADER.match(line):
                section = self._section(header[2], is_list=header[1] == "[[", counts=counts)
                self._found.setdefault(section, number)
            elif key := _KEY.match(line):
                self._found.setdefault((*section, *_names(key[1])), number)

    def of(self, path: Path) -> int:
        """Give the line of the nearest thing around a path that was seen."""
        while path not in self._found:
            path = path[:-1]
        return self._found[path]

    def exactly(self, path: Path) -> int | None:
        """Give the line of a thing itself, if it was seen."""
        return self._found.get(path)

    @staticmethod
    def _section(title: str, *, is_list: bool, counts: dict[Path, int]) -> Path:
        path: Path = ()
        names = _names(title)
        for position, name in enumerate(names):
            path = (*path, name)
            last = position == len(names) - 1
            if last and is_list:
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = (*path, counts[path])
        return path


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
