"""What a message from a handset means for consent: the words of CTIA's guidelines, and those and the phrases
that a sender names. Pure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache

import regex

from aldis.accounts.senders import Sender
from aldis.accounts.stop_phrases import STOP_PHRASES


class Word(Enum):
    """What a whole message says."""

    STOP = auto()
    START = auto()
    HELP = auto()


USUAL = {
    Word.STOP: ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
    Word.START: ("START", "UNSTOP", "YES"),
    Word.HELP: ("HELP", "INFO"),
}

_BETWEEN_WORDS = regex.compile(r"[\s.,;:!?/]+")
#: what says nothing: punctuation, separators, symbols, control and format characters, what is not shown, and
#: the marks that people leave out: accents, Hebrew points, Arabic vowels, hamza and tatweel. Marks of other
#: scripts are vowels or tell letters apart
_SILENT = regex.compile(
    r"[\p{P}\p{Z}\p{S}\p{Cc}\p{Cf}\p{Me}\p{Default_Ignorable_Code_Point}"
    r"\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F"
    r"\u0591-\u05C7\u0640\u064B-\u065F\u0670]+"
)
#: letters that are written for one another: without their stroke or dot, the Greek capitals for which GSM
#: 7-bit has Latin ones only (3GPP TS 23.038 §6.2.1), Arabic ones of a Persian keyboard or a word's end
_ALIKE = (
    str.maketrans("ıłđðøħŧαβεζηικμνορτυχ", "ilddohtabezhikmnoptyx")
    | str.maketrans("\u06cc\u0649\u06a9\u0629", "\u064a\u064a\u0643\u0647")
    | str.maketrans({"æ": "ae", "œ": "oe"})
)
_QUOTATION_MARK = regex.compile(r"[\"“”„«»「『'\u2018\u2019\u201A\u2039\u203A]")
_SYMBOL = regex.compile(r"[\p{So}‼⁉]")
#: what goes before or behind a STOP
_POLITE = ("please", "pls", "plz", "porfavor", "porfa", "silvousplait", "svp", "bitte", "perfavore")
#: of a sentence: one of several, and what may be left out
_SIGN = regex.compile(r"([(|)\[\]])")
_PATTERNS = {"(": "(?:", "|": "|", ")": ")", "[": "(?:", "]": ")?"}


def normal(text: str) -> str:
    """Give a text as words are compared: small letters and digits in their compatible forms, without accents;
    "" for one that has none.
    """
    small = unicodedata.normalize("NFKC", text).casefold()
    return _SILENT.sub("", unicodedata.normalize("NFKD", small)).translate(_ALIKE)


_normal_word = lru_cache(maxsize=4096)(normal)


def word_in(text: str, sender: Sender, others: Iterable[Sender] = ()) -> Word | None:
    """Tell which word, or phrase for one, a whole message is; None for any other message, also one that only
    begins with a word, and for a reaction to one. `others`: who shares the number; a keyword of theirs is no
    phrase either.
    """
    if _is_reaction(text):
        return None
    said, words = normal(text), _words_of(sender)
    keywords = {_normal_word(keyword) for each in (sender, *others) for keyword in each.keywords}
    if said in keywords or words.get(said) is Word.STOP:
        return words.get(said)
    plain = said
    for polite in _POLITE:
        plain = plain.removeprefix(polite).removesuffix(polite)
    once = plain[: (2 * plain).find(plain, 1)]  # STOP STOP STOP
    if any(words.get(form) is Word.STOP or _revokes(form, sender, keywords) for form in {said, plain, once}):
        return Word.STOP
    return words.get(said)


def phrases_of(sender: Sender) -> tuple[str, ...]:
    """Give the sentences that a sender hears as STOP."""
    return STOP_PHRASES if sender.stop_phrases is None else sender.stop_phrases


def _is_reaction(text: str) -> bool:
    """Tell whether a text is a symbol and then a quotation: a reaction to the message quoted (👍 “STOP”)."""
    before, *quoted = _QUOTATION_MARK.split(text, maxsplit=1)
    return bool(quoted and _SYMBOL.search(before)) and not normal(before)


def _revokes(said: str, sender: Sender, keywords: set[str]) -> bool:
    """Tell whether a text is a sentence for STOP, or STOP and what the sender or a topic is called. A keyword
    is no sentence.
    """
    if not said or said in keywords:
        return False
    if said.startswith("stop") and said[4:] in keywords | _names_of(sender.value):
        return True
    return _pattern_of(phrases_of(sender)).fullmatch(said) is not None


@lru_cache(maxsize=1024)
def _names_of(value: str) -> frozenset[str]:
    """Give what follows STOP where the sender is named; its instructions may have said `STOP au 74700`."""
    return frozenset((normal(value), normal(f"to {value}"), normal(f"au {value}")))


@lru_cache(maxsize=256)
def _pattern_of(phrases: tuple[str, ...]) -> regex.Pattern[str]:
    """Give what matches texts, as words are compared, that are one of some sentences."""
    return regex.compile("|".join(f"(?:{_written(phrase)})" for phrase in phrases) or "(?!)")


def _written(phrase: str) -> str:
    """Write the pattern of a sentence; brackets that do not match are punctuation."""
    pattern = "".join(_PATTERNS.get(piece) or normal(piece) for piece in _SIGN.split(phrase))
    try:
        regex.compile(pattern)
    except regex.error:
        return normal(phrase)
    return pattern


@lru_cache(maxsize=1024)
def _words_of(sender: Sender) -> dict[str, Word]:
    """Give what a sender hears; of two readings of a word, the one that stops, then the one that starts."""
    own = {Word.STOP: sender.stop_words, Word.START: sender.start_words, Word.HELP: sender.help_words}
    return {
        said: word for word in reversed(Word) for each in USUAL[word] + own[word] if (said := normal(each))
    }


def keyword_in(text: str, sender: Sender) -> str:
    """Give the keyword of a sender that a message begins with; "" for none."""
    words = (normal(word) for word in _BETWEEN_WORDS.split(text))
    said = next((word for word in words if word), "")
    return next((keyword for keyword in sender.keywords if said and normal(keyword) == said), "")


def reply_to(word: Word, sender: Sender, account: str) -> str:
    """Give what is answered to a word; "" for nothing."""
    text = {
        Word.STOP: sender.stop_reply,
        Word.START: sender.start_reply,
        Word.HELP: sender.help_reply,
    }[word]
    return text.replace("{sender}", sender.value).replace("{account}", account)
