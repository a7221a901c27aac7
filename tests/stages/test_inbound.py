"""How segments become messages, and what a message means."""

from __future__ import annotations

import msgspec
import pytest

from aldis.accounts import directory_file
from aldis.accounts.consent import Word, keyword_in, word_in
from aldis.accounts.directory import Directory, assemble
from aldis.accounts.records import AccountRecord, to_account
from aldis.accounts.senders import Sender
from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece, text_of
from aldis.sms.reassembly import Times
from aldis.sms.udh import Concatenation
from aldis.stages.inbound.collector import PATIENCE_MS
from aldis.stages.inbound.rules import meaning_of
from aldis.traffic.inbound import InboundPart, Segments
from tests.fakes.clock import NOON
from tests.sms.long_messages import Row, rows

MINUTE = 60_000


@pytest.mark.parametrize("row", rows(PATIENCE_MS, MINUTE).values(), ids=rows(PATIENCE_MS, MINUTE))
def test_segments_become_messages(row: Row) -> None:
    """It makes no difference whether they come in one round or in many, with the store between."""
    came, told = row
    times = Times(PATIENCE_MS, MINUTE)
    kept = {
        total: Segments(total, {}, NOON, link="link", sender="4512345678", recipient="74700", reference=7)
        for total in (2, 3)
    }
    found = []
    for each in came:
        piece = Piece(Alphabet.ASCII, each.text.encode(), place=Concatenation(7, each.total, each.number))
        segments = kept[each.total]
        found += [text_of(pieces) for pieces in segments.take(each.number, piece, NOON + each.at, times)]
        kept[each.total] = msgspec.msgpack.decode(msgspec.msgpack.encode(segments), type=Segments)
        assert kept[each.total] == segments
    assert found == told


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
