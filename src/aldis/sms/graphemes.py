"""Cuts a text into what readers take for characters: grapheme clusters. Source: Unicode UAX #29.

A run of regional indicators (the letters that flags are made of) costs a matcher its length squared, all of
it in one call that lets no other thread run. So a text is looked at in short pieces, each of which begins
between two clusters, where the rules begin anew.
"""

from __future__ import annotations

import regex

#: characters that are looked at together; a longer cluster is looked at again with twice as many
PIECE = 128
_GRAPHEME = regex.compile(r"\X")


def graphemes(text: str) -> list[str]:
    """Give the clusters of a text, in order; together they are the text."""
    found: list[str] = []
    start, size = 0, PIECE
    while start < len(text):
        piece = text[start : start + size]
        clusters = _GRAPHEME.findall(piece)
        if start + size < len(text):
            if len(clusters) == 1:
                size *= 2
                continue
            clusters.pop()  # it may go on behind the piece
        found += clusters
        start += sum(map(len, clusters))
        size = PIECE
    return found
