"""Texts that PostgreSQL takes: it has no NUL, and what comes from outside may have one.

    U+0000 → U+0001 b      U+0001 → U+0001 a

One text has one spelling, so what is escaped alike is equal.
"""

from __future__ import annotations

from collections.abc import Sequence

_NUL, _MARK = "\0", "\1"


def escaped(text: str) -> str:
    """Spell a text without NUL."""
    if _NUL in text or _MARK in text:
        return text.replace(_MARK, "\1a").replace(_NUL, "\1b")
    return text


def unescaped(text: str) -> str:
    """Give the text that was escaped."""
    if _MARK in text:
        return text.replace("\1b", _NUL).replace("\1a", _MARK)
    return text


def all_escaped(texts: Sequence[str]) -> Sequence[str]:
    """Spell a column of texts, of which mostly none has a NUL."""
    joined = "".join(texts)
    if _NUL in joined or _MARK in joined:
        return [escaped(text) for text in texts]
    return texts


def all_unescaped(texts: Sequence[str]) -> Sequence[str]:
    """Give a column of texts as they were."""
    return [unescaped(text) for text in texts] if _MARK in "".join(texts) else texts
