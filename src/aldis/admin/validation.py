"""What is wrong with a record that somebody wants to keep, value by value, so that pages can say it beside
their fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from aldis import toml_file
from aldis.errors import AdminError

Entry = TypeVar("Entry", bound=msgspec.Struct)

#: what is told of each, so that an answer stays small
MAX_TOLD = 100


class ValidationError(AdminError):
    """A record that cannot be kept; `faults` tells of each value what is wrong with it."""

    def __init__(self, faults: Sequence[tuple[tuple[object, ...], str]]) -> None:
        #: path such as "sender.0.value" ("": the whole) → what is wrong there
        self.faults: dict[str, str] = {}
        for path, words in faults[:MAX_TOLD]:
            spelled = ".".join(map(str, path))
            known = self.faults.get(spelled)
            self.faults[spelled] = f"{known}; {words}" if known else words
        super().__init__(
            "; ".join(f"{path}: {words}" if path else words for path, words in self.faults.items())
        )


def entry_of(
    data: Mapping[str, Any], kind: type[Entry], judge: Callable[[Entry], list[toml_file.Fault]]
) -> Entry:
    """Turn what somebody gave into a record of the directory's file. Raises ValidationError."""
    found, faults = toml_file.judged(dict(data), kind, judge)
    if found is None or faults:
        raise ValidationError(faults or [((), "something is missing")])
    return found
