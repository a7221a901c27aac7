"""How segments become messages, and what a message means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aldis.accounts import directory_file
from aldis.accounts.consent import Word, keyword_in, word_in
from aldis.accounts.directory import Directory, assemble
from aldis.accounts.records import AccountRecord, to_account
from aldis.accounts.senders import Sender
from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece, text_of
from aldis.sms.reassembly import BURST_MS, OVERLAP_MS, Times
from aldis.sms.udh import Concatenation
from aldis.stages.inbound.collector import PATIENCE_MS
from aldis.stages.inbound.rules import meaning_of
from aldis.traffic.inbound import InboundPart, Segments
from tests.fakes.clock import NOON
from tests.sms.long_messages import Row, rows

MINUTE = 60_000


TIMES = Times(PATIENCE_MS, MINUTE, OVERLAP_MS, BURST_MS)


@pytest.mark.parametrize("row", rows(TIMES).values(), ids=rows(TIMES))
def test_segments_become_messages(row: Row) -> None:
    """It makes no difference whether they come in one round or in many, with the store between."""
    came, told = row
    kept = {
        total: Segments(total, [], link="link", sender="4512345678", recipient="74700", reference=7)
        for total in (2, 3)
    }
    found = []
    for each in came:
        piece = Piece(Alphabet.ASCII, each.text.encode(), place=Concatenation(7, each.total, each.number))
        segments = kept[each.total]
        found += [text_of(pieces) for pieces in segments.take(each.number, piece, NOON + each.at, TIMES)]
        kept[each.total] = msgspec.msgpack.decode(msgspec.msgpack.encode(segments), type=Segments)
        assert kept[each.total] == segments
    assert found == told


def hears(**words: Any) -> Sender:
    return Sender("74700", keywords=("demo",), **words)


PLAIN = hears()
#: what is written, and what the sender has besides the usual words
HEARD: list[tuple[str, Sender, Word]] = [
    ("STOP", PLAIN, Word.STOP),
    (" s.t.o.p !!", PLAIN, Word.STOP),
    ("ＳＴＯＰ", PLAIN, Word.STOP),
    ("𝐒𝐓𝐎𝐏", PLAIN, Word.STOP),
    ("Ⓢⓣⓞⓟ", PLAIN, Word.STOP),
    ("st\u200bop", PLAIN, Word.STOP),
    ("STÖP", PLAIN, Word.STOP),
    ("🛑 STOP 🛑", PLAIN, Word.STOP),
    ("STOP\ufe0f✋🏽", PLAIN, Word.STOP),
    ("STOP\u200d\U000e0067", PLAIN, Word.STOP),
    ("“STOP”", PLAIN, Word.STOP),
    ("“STOP” 👍", PLAIN, Word.STOP),
    ("Reply: STOP", hears(stop_words=("reply stop",)), Word.STOP),
    ("opt-out", PLAIN, Word.STOP),
    ("STOP ALL", PLAIN, Word.STOP),
    ("QUİT", PLAIN, Word.STOP),
    ("unsubscrıbe", PLAIN, Word.STOP),
    ("please stop", PLAIN, Word.STOP),
    ("STOP PLEASE!", PLAIN, Word.STOP),
    ("Please stop texting me", PLAIN, Word.STOP),
    ("stop texting me.", PLAIN, Word.STOP),
    ("Remove me from your list, please", PLAIN, Word.STOP),
    ("Don’t text me again", PLAIN, Word.STOP),
    ("DONT TEXT ME", PLAIN, Word.STOP),
    ("I revoke my consent", PLAIN, Word.STOP),
    ("Unstop", PLAIN, Word.START),
    ("Yes ✅", PLAIN, Word.START),
    ("info", PLAIN, Word.HELP),
    ("arret", hears(stop_words=("ARRÊT",)), Word.STOP),
    ("arre\u0302t", hears(stop_words=("ARRET",)), Word.STOP),
    ("τέλος", hears(stop_words=("ΤΕΛΟΣ",)), Word.STOP),
    ("TEΛOΣ", hears(stop_words=("ΤΕΛΟΣ",)), Word.STOP),  # the Greek capitals that GSM 7-bit has
    ("iptal", hears(stop_words=("İPTAL",)), Word.STOP),
    ("IPTAL", hears(stop_words=("iptal",)), Word.STOP),
    ("İptal", hears(stop_words=("İPTAL",)), Word.STOP),
    ("wylacz", hears(stop_words=("WYŁĄCZ",)), Word.STOP),
    ("OPHOR", hears(stop_words=("ophør",)), Word.STOP),
    ("Strasse", hears(stop_words=("STRAẞE",)), Word.STOP),
    ("الغاء", hears(stop_words=("إلغاء",)), Word.STOP),
    ("قِفْ", hears(stop_words=("قف",)), Word.STOP),
    ("קץ", hears(stop_words=("קֵץ",)), Word.STOP),
    ("बंद", hears(stop_words=("बंद",)), Word.STOP),
    ("ايقاف", hears(stop_words=("إیقاف",)), Word.STOP),  # a Persian keyboard's letters
    ("停止", hears(stop_words=("停止",)), Word.STOP),
    ("中止して下さい", hears(stop_words=("中止して下さい",)), Word.STOP),
    ("Ne m'écrivez plus", hears(stop_phrases=("ne m’ecrivez plus",)), Word.STOP),
    ("AIDE", hears(help_words=("aide",)), Word.HELP),
]
#: what means something else
NOT_HEARD: list[tuple[str, Sender]] = [
    ("stop it", PLAIN),
    ("don't stop", PLAIN),
    ("Stop. Thank you", PLAIN),
    ("Stop by at 5", PLAIN),
    ("bus stop", PLAIN),
    ("non-stop", PLAIN),
    ("I want to stop smoking", PLAIN),
    ("please", PLAIN),
    ("Yes please stop by", PLAIN),
    ("yes please", PLAIN),
    ("please don't remove me", PLAIN),
    ("the end", PLAIN),
    ("no more", PLAIN),
    ("Liked “STOP”", PLAIN),
    ('Loved "Reply STOP to end"', PLAIN),
    ("👍 to “STOP”", PLAIN),
    ("\u200b👍\u200b to “\u200bSTOP\u200b”", PLAIN),
    ("❤️ “STOP”", PLAIN),
    ("‼️ «STOP»", PLAIN),
    ("Reacted 👍 to “stop texting me”", PLAIN),
    ("Removed a like from “STOP”", PLAIN),
    ("Gefällt „STOP“", PLAIN),
    ("「STOP」にいいね", PLAIN),
    ("Reply STOP to end", PLAIN),
    ("stop texting me", hears(stop_phrases=())),
    ("remove", Sender("74700", keywords=("Remove",))),  # a keyword of its own
    ("", PLAIN),
    ("👍", PLAIN),
    ("\0\ufe0f\u200d", PLAIN),
    ("बाद", hears(stop_words=("बंद",))),
    ("だ", hears(stop_words=("た",))),
    ("?", hears(stop_words=("🛑",))),
]


@pytest.mark.parametrize(("text", "sender", "word"), HEARD)
def test_a_word_is_heard_however_it_is_written(text: str, sender: Sender, word: Word) -> None:
    assert word_in(text, sender) is word


@pytest.mark.parametrize(("text", "sender"), NOT_HEARD)
def test_what_means_something_else_is_no_word(text: str, sender: Sender) -> None:
    assert word_in(text, sender) is None


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
    said = {(str(each.kind), each.topic) for each in found.consents} or {("", "")}
    ((kind, topic),) = said
    return whose, kind, topic


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


def test_a_stop_counts_for_all_senders_where_an_account_says_so() -> None:
    senders = (Sender("74700"), Sender("60856"), Sender("SHOP"))
    covering = AccountRecord("a", senders=senders, stop_all_senders=True)
    other = AccountRecord("b", senders=(Sender("74700"), Sender("12345")))
    known = a_directory(covering, other)

    def changed(text: str) -> list[tuple[str, str]]:
        part = InboundPart("link", "4512345678", "74700", Piece(Alphabet.ASCII, b""), NOON)
        return [(each.sender, each.kind) for each in meaning_of(known, part, text, NOON).consents]

    assert changed("STOP") == [("74700", "opt_out"), ("60856", "opt_out"), ("SHOP", "opt_out")]
    assert changed("START") == [("74700", "opt_in")]  # to the one that it was said to
    assert known.covered_by_stop("12345") == ("12345",)
    assert known.covered_by_stop("nobody's") == ("nobody's",)


def test_a_word_of_symbols_is_refused() -> None:
    text = '[[account]]\nname = "a"\n[[account.sender]]\nvalue = "74700"\nstop_words = ["🛑"]\n'
    with pytest.raises(Exception, match="no letter or digit"):
        directory_file.read(text, "d.toml", {})
