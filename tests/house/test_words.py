"""One thing, one name: in the glossary and among the classes of src."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable

import pytest
from tests.house.sources import ROOT, SRC, sources

#: what is between the terms, or the words to avoid, of one row
_BETWEEN = re.compile(r" /(?: |$)|,(?: |$)")
#: what a term stands in, or is short for
_ASIDE = re.compile(r" ?\([^)]*\)")


def rows_of(page: str) -> list[list[str]]:
    """Give the cells of a page's tables, without their heads."""
    lines = [line.strip() for line in page.splitlines() if line.startswith("|")]
    heads = {number - 1 for number, line in enumerate(lines) if set(line) <= set("|-: ")}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if number not in heads and number - 1 not in heads
    ]


def words_in(cell: str) -> list[str]:
    return [_ASIDE.sub("", word).strip().lower() for word in _BETWEEN.split(cell)] if cell else []


def faults_of(rows: Iterable[list[str]]) -> list[str]:
    """Tell what is wrong with a glossary's rows: a term | what it means | words that are not used for it."""
    faults: list[str] = []
    known: set[str] = set()
    for row in rows:
        if len(row) != 3 or not row[0] or not row[1]:
            faults.append(f"`{' | '.join(row)}` is no row of term, meaning and words to avoid")
            continue
        terms, avoided = words_in(row[0]), words_in(row[2])
        faults += [f"`{term}` stands twice" for term in terms if term in known]
        faults += [f"`{term}` is empty or said twice" for term in terms if not term or terms.count(term) > 1]
        faults += [
            f"`{row[2]}` has an empty or a repeated word"
            for word in avoided
            if not word or avoided.count(word) > 1
        ]
        faults += [f"`{term}` is said to be avoided for itself" for term in terms if term in avoided]
        known |= set(terms)
    return faults


def test_the_glossary_has_each_term_once() -> None:
    rows = rows_of((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    assert len(rows) > 40
    assert faults_of(rows) == []


@pytest.mark.parametrize(
    "row",
    [
        "| link | once more | |",
        "| trunk / link | once more | |",
        "| Link (upstream) | once more | |",
        "| bind | one session | login / |",
        "| bind | one session | login, login |",
        "| bind | one session | bind |",
        "| bind | | login |",
        "| bind | one session |",
        "| bind / bind | one session | |",
    ],
)
def test_a_row_that_is_wrong_is_found(row: str) -> None:
    good = "| we say | meaning | not |\n|---|---|---|\n| link | one connection | trunk, connector |\n"
    assert faults_of(rows_of(good)) == []
    assert faults_of(rows_of(good + row)) != []


def banned() -> list[str]:
    """Words of the glossary's third column that stand in code type: they are used for nothing at all."""
    rows = rows_of((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row[2])]


#: what migrations that were released have named keeps its name
_SCHEMA = {
    name
    for path in SRC.rglob("migrations/*.sql")
    for name in re.findall(r"[a-z]+(?:_[a-z]+)+", path.read_text(encoding="utf-8"))
}


def spelled_out(text: str) -> str:
    """Take names apart: `givenUp`, `given_up` and `GIVEN_UP` become `given up`."""
    text = re.sub(r"\w+", lambda name: "" if name[0] in _SCHEMA else name[0], text)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\s]+", " ", text).lower()


def places_of(word: str, text: str) -> int:
    return len(re.findall(rf"\b{re.escape(word)}\b", text))


@pytest.mark.parametrize("name", ["at_hand", "AtHand", "AT_HAND", "what is at\nhand", "at-hand: at hand"])
def test_a_word_is_found_in_names_and_prose(name: str) -> None:
    assert places_of("at hand", spelled_out(name)) == 1
    assert places_of("and", spelled_out(name)) == 0
    assert places_of("parked", spelled_out("DELETE FROM parked_receipt")) == 0


def test_words_that_were_replaced_are_used_nowhere() -> None:
    words = banned()
    assert len(words) > 10
    pages = [ROOT / "README.md", ROOT / "HACKING.md", *(ROOT / "docs").rglob("*.md")]
    screens = [*(SRC / "console" / "templates").iterdir(), *(SRC / "console" / "static").glob("*.*s*")]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in pages + screens}
    del texts["docs/glossary.md"]
    texts |= {source.name: f"{source.name.replace('/', ' ')} {source.text}" for source in sources()}
    spelled = {name: spelled_out(text) for name, text in texts.items()}
    found = [f"{name}: {word}" for name, text in spelled.items() for word in words if places_of(word, text)]
    assert found == []


#: classes that bear one name, each time with why: an entry that is not double any more must go
DOUBLE = {
    "Accepted": "the native API's document of a submission, and a carrier's yes to a segment",
    "Balance": "the native API's document, and the store's sums that it is made of",
    "Bind": "the PDU in SMPP's own word, and what holds a session that was bound by it",
    "MessageState": "the native API's document, and SMPP's field of that name",
    "OptIns": "planned ones, and how the store writes them",
    "Recipient": "a canonical number, and two dialects' JSON of that name",
    "Role": "of an operator, and of an end of an SMPP session",
    "Sender": "an account's sender address, and the stage that sends",
    "Writing": "of a postback, and of a text",
    "_Lane": "private to the postback cache, and to the writers",
}


def are_counterparts(places: list[str]) -> bool:
    """Tell whether each backend of the store has one of them, all in files of one name."""
    found = [re.fullmatch(r"src/aldis/store/([a-z]+)/(.+):\d+", place) for place in places]
    in_backends = [place for place in found if place is not None]
    backends = {place[1] for place in in_backends}
    return len(backends) == len(places) and len({place[2] for place in in_backends}) == 1


@pytest.mark.parametrize(
    ("places", "are"),
    [
        (["src/aldis/store/a/engine/x.py:1", "src/aldis/store/b/engine/x.py:7"], True),
        (["src/aldis/store/a/engine/x.py:1", "src/aldis/store/b/engine/y.py:1"], False),
        (["src/aldis/store/a/engine/x.py:1", "src/aldis/store/a/engine/x.py:9"], False),
        (["src/aldis/store/a/engine/x.py:1", "src/aldis/admin/x.py:1"], False),
    ],
)
def test_counterparts_are_told_from_doubles(places: list[str], are: bool) -> None:  # noqa: FBT001 - a table's column
    assert are_counterparts(places) == are


def test_no_two_classes_have_one_name() -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for source in sources():
        for node in source.nodes:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{source.name}:{node.lineno}")
    double = {name: found for name, found in places.items() if len(found) > 1 and not are_counterparts(found)}
    assert {name: found for name, found in double.items() if name not in DOUBLE} == {}
    assert DOUBLE.keys() - double.keys() == set(), "not double any more: take them off the list"
