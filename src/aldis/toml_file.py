"""Reads TOML into typed records and reports every fault at once, each with its line.

msgspec stops at the first fault, and an operator wants all of them; so this walks the record's fields and
lets msgspec judge one value at a time. Both files of Aldis come through here: `settings.py` and
`accounts/directory_file.py`.
"""

from __future__ import annotations

import re
import tomllib
import typing
from typing import Any, TypeVar

import msgspec

from aldis.errors import SettingsError

Record = TypeVar("Record", bound=msgspec.Struct)
Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-.\"']+)\s*=")


def parse(text: str, file: str) -> dict[str, Any]:
    """Read TOML; raises SettingsError with file and line when it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise SettingsError([f"{file}: {fault}"]) from None


def convert(data: dict[str, Any], record: type[Record], text: str, file: str) -> Record:
    """Turn parsed TOML into a record; raises SettingsError with one line for every fault in it."""
    problems: list[tuple[Path, str]] = []
    found = _convert(data, record, (), problems)
    if problems:
        lines = _Lines(text)
        raise SettingsError([f"{file}:{lines.of(path)}: {_spell(path)}: {fault}" for path, fault in problems])
    return typing.cast("Record", found)


def fault_lines(text: str, file: str, faults: list[tuple[Path, str]]) -> list[str]:
    """Spell faults that were found after conversion in the same way."""
    lines = _Lines(text)
    return [f"{file}:{lines.of(path)}: {_spell(path)}: {fault}" for path, fault in faults]


def _convert(value: Any, kind: Any, path: Path, problems: list[tuple[Path, str]]) -> Any:  # noqa: ANN401 - it reads anything
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
        return _convert_record(value, kind, path, problems)
    if origin in (list, tuple) and isinstance(value, list):
        return [_convert(item, arguments[0], (*path, index), problems) for index, item in enumerate(value)]
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as fault:
        problems.append((path, str(fault)))
        return None


def _convert_record(
    value: dict[str, Any], kind: type[Any], path: Path, problems: list[tuple[Path, str]]
) -> Any:  # noqa: ANN401
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    before = len(problems)
    problems.extend(
        ((*path, key), f"unknown key; known here: {', '.join(fields)}") for key in value if key not in fields
    )
    given: dict[str, Any] = {}
    for name, field in fields.items():
        if name in value:
            given[field.name] = _convert(value[name], field.type, (*path, name), problems)
        elif field.required:
            problems.append((path, f"`{name}` is missing"))
    if len(problems) > before:
        return None
    return kind(**{name: tuple(item) if isinstance(item, list) else item for name, item in given.items()})


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
