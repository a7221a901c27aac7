"""Nothing that a file or a command line can say ends in a traceback."""

from __future__ import annotations

import gc
import typing
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner
from tests.abuse.hostile import TEXTS
from tests.fakes import programs

from aldis import settings
from aldis.accounts import directory_file
from aldis.cli.main import aldis
from aldis.dialects.registry import TRAITS
from aldis.errors import GatewayError, SettingsError
from aldis.toml_file import MOST, records_of

#: as TOML
VALUES = (
    *('"' + text.replace("\0", "\\u0000") + '"' for text in TEXTS),
    *TEXTS,
    "inf",
    "-inf",
    "-1",
    "0x" + "f" * 5_000,
    "[" * 3_000 + "]" * 3_000,
    "{}",
)
#: verbs that run until somebody ends them
LASTING = {"serve", "demo", "simulator", "top", "tail", "completion"}

Key = tuple[tuple[str, bool], ...]


def keys_of(kind: Any, path: Key = ()) -> Iterator[Key]:
    """Give the keys of a file: each name with whether it is a list of tables."""
    for record in records_of(kind):
        for field in msgspec.structs.fields(record):
            is_list = typing.get_origin(field.type) in (tuple, list)
            inner = typing.get_args(field.type)[0] if is_list else field.type
            key = (*path, (field.encode_name, is_list))
            if records_of(inner):
                yield from keys_of(inner, key)
            else:
                yield key


def written(key: Key, value: str) -> str:
    *tables, (name, _) = key
    lines = []
    for place, (_, is_list) in enumerate(tables):
        path = ".".join(each for each, _ in tables[: place + 1])
        lines.append(f"[[{path}]]" if is_list else f"[{path}]")
    return "\n".join([*lines, f"{name} = {value}", ""])


READERS: dict[str, tuple[Any, Callable[[str], object]]] = {
    "directory": (
        directory_file.DirectoryFile,
        lambda text: directory_file.read(text, "world.toml", TRAITS),
    ),
    "settings": (settings.Settings, lambda text: settings.read(text, "aldis.toml", {})),
}


@pytest.mark.parametrize("file", READERS)
def test_no_value_of_a_file_fails(file: str) -> None:
    kind, read = READERS[file]
    for key in dict.fromkeys(keys_of(kind)):
        for value in VALUES:
            with suppress(SettingsError):
                read(written(key, value))


@pytest.mark.parametrize("value", ["1e30", "inf", "nan", "9" * 400])
def test_every_number_of_the_settings_has_an_upper_bound(value: str) -> None:
    asked = 0
    for key in dict.fromkeys(keys_of(settings.Settings)):
        text = written(key, value)
        with suppress(SettingsError):
            found: Any = settings.read(text, "aldis.toml", {})
            for name, _ in key:
                found = getattr(found, name, None)
            assert not isinstance(found, int | float) or found <= MOST, key
        asked += 1
    assert asked > 40


@pytest.mark.parametrize(
    "variable", ["ALDIS__HTTP__CONNECTIONS", "ALDIS__MESSAGES__VALIDITY_S", "ALDIS__STORE__RETENTION_DAYS"]
)
@pytest.mark.parametrize("value", [*TEXTS, "[" * 3_000, "inf", "nan"])
def test_no_value_of_the_environment_fails(variable: str, value: str) -> None:
    with pytest.raises(SettingsError):
        settings.read("", "aldis.toml", {variable: value})


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            if name not in LASTING:
                yield from commands(each, (*path, name))
    else:
        yield path, command


def lines_of(path: tuple[str, ...], command: click.Command, value: str) -> Iterator[list[str]]:
    """Put a value in the place of each argument and option."""
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    usual = ["1" for each in arguments if each.required]
    for place in range(len(arguments)):
        yield [*path, *usual[:place], value, *usual[place + 1 :]]
    for each in command.params:
        if isinstance(each, click.Option) and not each.is_flag and each.name not in ("config", "data_dir"):
            yield [*path, *usual, each.opts[-1], value]


@pytest.mark.timeout(300)
def test_no_value_of_the_command_line_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert programs.aldis("demo", "--files", ".", cwd=tmp_path).returncode == 0
    assert programs.aldis("apply", "world.toml", cwd=tmp_path).returncode == 0
    asked, faults = 0, []
    with warnings.catch_warnings():  # click leaves a file open where an argument behind it is refused
        warnings.simplefilter("ignore", ResourceWarning)
        for path, command in commands(aldis):
            for value in (*TEXTS[:-1], "-1"):  # no argument holds a NUL
                for line in lines_of(path, command, value):
                    asked += 1
                    ended = CliRunner().invoke(aldis, line, input="x\n").exception
                    # what is expected is told by `main`, in one sentence
                    if not isinstance(ended, SystemExit | GatewayError | OSError | None):
                        faults.append(([word[:30] for word in line], repr(ended)))
        gc.collect()
    assert faults == []
    assert asked > 500
