"""A text with tags, read once and filled for each recipient; whatever a customer writes, the work is bounded
by the lengths of text and values. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aldis.sms.segments import MAX_SEGMENTS, TooLong

#: characters of which no text can have more in 255 segments
MOST = MAX_SEGMENTS * 160


class Template:
    """Text and tags."""

    def __init__(self, text: str, tags: Sequence[str]) -> None:
        """Read a text. Raises TooLong where it is, whatever the values."""
        if len(text) > MOST:
            raise TooLong
        self._pieces: list[str | int] = [text]
        if tags:
            positions = {tag: position for position, tag in enumerate(tags)}
            pieces = re.split(f"({_any_of(tags)})", text)
            self._pieces = [positions[each] if index % 2 else each for index, each in enumerate(pieces)]

    @property
    def least(self) -> int:
        """Give the characters that stay, whatever the values."""
        return sum([len(piece) for piece in self._pieces if isinstance(piece, str)])

    def is_empty(self, values: Sequence[str]) -> bool:
        """Tell whether nothing would be left of the text."""
        return not any(values[piece] if isinstance(piece, int) else piece for piece in self._pieces)

    def filled(self, values: Sequence[str]) -> str:
        """Replace every tag by its value, in one go, so that a value that looks like a tag stays as it is.
        Raises TooLong.
        """
        found: list[str] = []
        length = 0
        for piece in self._pieces:
            text = values[piece] if isinstance(piece, int) else piece
            length += len(text)
            if length > MOST:
                raise TooLong
            found.append(text)
        return "".join(found)


def _any_of(tags: Sequence[str]) -> str:
    """Write a pattern that finds tags, the longest where one begins with another: a tree of their beginnings,
    so that looking takes no more steps at any place than the longest tag has characters.
    """
    tree: dict[str, object] = {}
    for tag in tags:
        branch: dict[str, object] = tree
        for character in tag:
            branch = branch.setdefault(character, {})  # type: ignore[assignment]
        branch[""] = {}
    return _pattern(tree)


def _pattern(tree: dict[str, object]) -> str:
    branches = [
        re.escape(character) + _pattern(branch)
        for character, branch in tree.items()
        if character and isinstance(branch, dict)
    ]
    if not branches:
        return ""
    return f"(?:{'|'.join(branches)}){'?' if '' in tree else ''}"
