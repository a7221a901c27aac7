"""How segments become messages, and what a message means."""

from __future__ import annotations

import pytest

from aldis.accounts import directory_file
from aldis.accounts.consent import Word, keyword_in, word_in
from aldis.accounts.directory import Directory, assemble
from aldis.accounts.records import AccountRecord, to_account
from aldis.accounts.senders import Sender
from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece, text_of
from aldis.sms.udh import Concatenation
from aldis.stages.inbound.desk import Desk
from aldis.stages.inbound.rules import meaning_of
from aldis.traffic.inbound import InboundPart, Segments
from tests.fakes.clock import NOON

MINUTE = 60_000


def a_part(number: int, text: bytes, at: int = 0, total: int = 2) -> InboundPart:
    piece = Piece(Alphabet.ASCII, text, place=Concatenation(7, total, number))
    return InboundPart("link", "4512345678", "74700", piece, NOON + at)


def an_empty_desk() -> Desk:
    return Desk(Segments("link", "4512345678", "74700", 7, 2, {}, NOON), MINUTE)


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ([(1, b"Hello ", 0), (2, b"world", 0)], ["Hello world"]),
        ([(2, b"world", 0), (1, b"Hello ", 0)], ["Hello world"]),
        ([(1, b"Hello ", 0), (1, b"Hello ", 1), (2, b"world", 2)], ["Hello world"]),
        # a repetition of what is whole, within the time and after it
        ([(1, b"Hello ", 0), (2, b"world", 0), (2, b"world", MINUTE - 1)], ["Hello world"]),
        ([(1, b"a", 0), (2, b"b", 0), (2, b"b", MINUTE), (1, b"c", MINUTE)], ["ab", "cb"]),
        # the reference is used again
        (
            [(1, b"Hello ", 0), (2, b"world", 0), (1, b"New ", 9), (2, b"york", 9)],
            ["Hello world", "New york"],
        ),
        ([(1, b"lost ", 0), (1, b"New ", 9), (2, b"york", 9)], ["lost ", "New york"]),
    ],
)
def test_segments_become_messages(came: list[tuple[int, bytes, int]], told: list[str]) -> None:
    desk = an_empty_desk()
    found = [
        text_of(pieces) for number, text, at in came for pieces in desk.take(a_part(number, text, at), number)
    ]
    assert found == told
    # it makes no difference whether they come in one round or in many
    kept, again = an_empty_desk().segments, []
    for number, text, at in came:
        desk = Desk(kept, MINUTE)
        again += [text_of(pieces) for pieces in desk.take(a_part(number, text, at), number)]
        kept = desk.segments
    assert again == told


PLAIN = Sender("74700", keywords=("demo",))


@pytest.mark.parametrize(
    ("text", "sender", "word"),
    [
        ("STOP", PLAIN, Word.STOP),
        (" s.t.o.p !!", PLAIN, Word.STOP),
        ("ＳＴＯＰ", PLAIN, Word.STOP),
        ("st\u200bop", PLAIN, Word.STOP),
        ("stop it", PLAIN, None),
        ("Unstop", PLAIN, Word.START),
        ("info", PLAIN, Word.HELP),
        ("", PLAIN, None),
        ("👍", PLAIN, None),
        ("arrêt", Sender("1", stop_words=("ARRÊT",)), Word.STOP),
        ("बाद", Sender("1", stop_words=("बंद",)), None),
        ("बंद", Sender("1", stop_words=("बंद",)), Word.STOP),
        ("?", Sender("1", stop_words=("🛑",)), None),
    ],
)
def test_a_word_is_the_whole_message(text: str, sender: Sender, word: Word | None) -> None:
    assert word_in(text, sender) is word


@pytest.mark.parametrize(
    ("text", "keyword"),
    [("demo", "demo"), ("Demo, please", "demo"), (" demo\nplease", "demo"), ("demos", ""), ("", "")],
)
def test_a_keyword_begins_a_message(text: str, keyword: str) -> None:
    assert keyword_in(text, PLAIN) == keyword


def a_directory(*accounts: AccountRecord) -> Directory:
    found = [to_account(record, number) for number, record in enumerate(accounts, start=1)]
    return assemble(1, found, [], [], [], [])


def means(known: Directory, text: str) -> tuple[str, str, str]:
    """Whose, which kind of consent, for which topic."""
    part = InboundPart("link", "4512345678", "74700", Piece(Alphabet.ASCII, b""), NOON)
    found = meaning_of(known, part, text, NOON)
    whose = found.account.name if found.account else ""
    return (whose, found.consent.kind, found.consent.topic) if found.consent else (whose, "", "")


ALPHA = AccountRecord("a", senders=(Sender("74700", ("alpha",)),))
BETA = AccountRecord("b", senders=(Sender("74700", ("beta",), stop_words=("ARRET",)),))
LISTENING = AccountRecord("c", senders=(Sender("74700"),), inbound={"genesys": "http://x/"})


@pytest.mark.parametrize(
    ("accounts", "text", "meaning"),
    [
        ((ALPHA,), "hi", ("a", "", "")),
        ((ALPHA,), "STOP", ("a", "opt_out", "")),
        ((ALPHA,), "START", ("a", "opt_in", "alpha")),
        ((ALPHA, BETA), "beta now", ("b", "opt_in", "beta")),
        ((ALPHA, BETA), "hi", ("", "", "")),
        ((ALPHA, BETA), "STOP", ("", "opt_out", "")),
        ((ALPHA, BETA), "arret", ("", "opt_out", "")),
        ((ALPHA, BETA), "YES", ("", "opt_in", "")),
        ((ALPHA, BETA, LISTENING), "hi", ("c", "", "")),
        ((), "STOP", ("", "", "")),
    ],
)
def test_whose_a_message_is_and_what_it_means(
    accounts: tuple[AccountRecord, ...], text: str, meaning: tuple[str, str, str]
) -> None:
    assert means(a_directory(*accounts), text) == meaning


def test_a_word_of_symbols_is_refused() -> None:
    text = '[[account]]\nname = "a"\n[[account.sender]]\nvalue = "74700"\nstop_words = ["🛑"]\n'
    with pytest.raises(Exception, match="no letter or digit"):
        directory_file.read(text, "d.toml", {})
