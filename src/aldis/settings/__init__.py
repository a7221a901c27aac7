"""The operator's file `aldis.toml`, with overrides from the environment; every fault is reported at once,
with its line.

Keys are described in docs/reference/settings.md, overrides in `environment.py`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from aldis import toml_file
from aldis.addresses import host_and_port, own_http_fault, shown_store, store_path
from aldis.environment import override
from aldis.errors import SettingsError
from aldis.settings.checks import faults
from aldis.settings.sections import (
    ConsoleSettings,
    HttpSettings,
    LogSettings,
    MessageSettings,
    Settings,
    SimulatorSettings,
    StoreSettings,
)

__all__ = [
    "ConsoleSettings",
    "HttpSettings",
    "LogSettings",
    "MessageSettings",
    "Settings",
    "SimulatorSettings",
    "StoreSettings",
    "host_and_port",
    "load",
    "own_http_fault",
    "read",
    "shown_store",
    "store_path",
]


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file and the environment. Raises SettingsError with every fault found."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError([f"{path}: {getattr(fault, 'strerror', None) or 'not UTF-8'}"]) from None
    return read(text, str(path), environment)


def read(text: str, file: str, environment: Mapping[str, str]) -> Settings:
    """Read the text of a settings file."""
    data = toml_file.parse(text, file)
    origins, problems = override(data, Settings, environment)
    try:
        found = toml_file.convert(data, Settings, toml_file.Source(text, file, origins), faults)
    except SettingsError as fault:
        raise SettingsError(problems + fault.problems) from None
    if problems:
        raise SettingsError(problems)
    return found
