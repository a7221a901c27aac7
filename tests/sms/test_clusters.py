"""What a reader takes for one character is cut only where that saves a segment."""

from __future__ import annotations

import pytest
import regex
from hypothesis import assume, given
from hypothesis import strategies as st

from aldis.sms.encoding import encode_ucs2
from aldis.sms.segments import count, split

CLUSTERS = ["👩‍👩‍👧", "🇳🇵", "न\u0947", "e\u0303\u0324\u0302", "👍🏽", "👋"]
ROOM = 67


def pieces_of(text: str, counted: int = 0) -> list[str]:
    parts = split(encode_ucs2(text), 1, counted=counted)
    return [part.octets.decode("utf-16-be") for part in parts]


def fewest(units: list[str]) -> int:
    """Count the segments of a text that is cut between some units only, as late as possible."""
    segments, room = 1, ROOM
    for unit in units:
        size = len(unit.encode("utf-16-be")) // 2
        if size > room:
            segments, room = segments + 1, ROOM
        room -= size
    return segments


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_no_segment_ends_inside_a_grapheme_cluster_where_that_is_free(cluster: str) -> None:
    for before in range(60, 70):
        text = "ж" * before + cluster * 20
        pieces = pieces_of(text)
        assert "".join(pieces) == text
        assert len(pieces) == fewest(list(text))
        if fewest(regex.findall(r"\X", text)) == len(pieces):
            assert all(piece.lstrip("ж").replace(cluster, "") == "" for piece in pieces)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("ж" * 66 + "👍🏽" + "ж" * 63, ["ж" * 66, "👍🏽" + "ж" * 63]),  # free
        ("ж" * 65 + "👍🏽" + "ж" * 65, ["ж" * 65 + "👍", "🏽" + "ж" * 65]),  # it would take a third segment
        ("ж" * 66 + "👋" + "ж" * 66, ["ж" * 66, "👋" + "ж" * 65, "ж"]),  # a pair is never cut
        # the second border pays for nothing, the first would
        (
            "ж" * 65 + "👍🏽" + "ж" * 64 + "e\u0303\u0324" + "ж" * 60,
            ["ж" * 65, "👍🏽" + "ж" * 63, "жe\u0303\u0324" + "ж" * 60],
        ),
    ],
)
def test_a_cluster_is_kept_whole_where_it_costs_no_further_segment(text: str, pieces: list[str]) -> None:
    assert pieces_of(text) == pieces
    assert count(encode_ucs2(text)) == len(pieces)


@given(st.lists(st.sampled_from([*CLUSTERS, "ж", "ж" * 30]), min_size=30, max_size=150), st.integers(0, 3))
def test_clusters_cost_nothing_and_are_kept_whole_where_they_can(units: list[str], more: int) -> None:
    text = "".join(units)
    clusters = regex.findall(r"\X", text)
    assume(len(text.encode("utf-16-be")) > 140)
    least, whole = fewest(list(text)), fewest(clusters)
    assert count(encode_ucs2(text)) == least
    pieces = pieces_of(text, least + more)  # a message that was counted for more
    assert "".join(pieces) == text
    assert least <= len(pieces) <= least + more
    assert all(len(piece.encode("utf-16-be")) <= 2 * ROOM for piece in pieces)
    if whole <= least + more:
        assert len(pieces) == whole
        assert [each for piece in pieces for each in regex.findall(r"\X", piece)] == clusters


def test_a_cluster_that_fits_nowhere_is_cut_between_characters() -> None:
    text = "e" + "\u0324" * 200
    assert "".join(pieces_of(text)) == text
