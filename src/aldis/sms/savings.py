"""What other settings would save a text: smart encoding, the tables of a national language, both.

For `aldis segments`. A table helps only where the recipients' handsets have it, which nobody can ask. Pure.
"""

from __future__ import annotations

import msgspec

from aldis.sms.fitting import EncodingOptions, TextRules, fit
from aldis.sms.national_tables import Language
from aldis.sms.segments import MAX_SEGMENTS, TooLong


class Saving(msgspec.Struct, frozen=True):
    """A way of writing a text with fewer segments."""

    segments: int
    #: with smart encoding
    smart: bool
    #: with the tables of any one of these; empty: without
    languages: tuple[Language, ...]


def savings(text: str, rules: TextRules, options: EncodingOptions) -> list[Saving]:
    """Give the ways that need fewer segments than a text takes by its rules and options, the fewest last. Of
    two that need as many, only the one that asks for less.
    """
    found: dict[tuple[int, bool, bool], list[Language]] = {}
    best: dict[Language | None, int] = {}
    now = _count(text, rules, options)
    for smart in (False, True):
        chosen = msgspec.structs.replace(options, smart=smart or options.smart)
        for language in (None, *filter(None, Language)):
            more = (language,) if language else ()
            with_it = msgspec.structs.replace(rules, languages=rules.languages + more)
            segments = _count(text, with_it, chosen)
            if segments < min(best.get(language, now), best.get(None, now)):
                best[language] = segments
                found.setdefault((segments, smart, language is not None), []).extend(more)
    return [
        Saving(segments, smart, tuple(languages))
        for (segments, smart, _), languages in sorted(
            found.items(), key=lambda item: (-item[0][0], item[0][1:])
        )
    ]


def _count(text: str, rules: TextRules, options: EncodingOptions) -> int:
    try:
        return fit(text, rules, options).segments
    except TooLong:
        return MAX_SEGMENTS + 1
