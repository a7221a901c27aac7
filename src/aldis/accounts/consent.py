"""What a message from a handset means for consent: the words of CTIA's guidelines and those that a sender
adds. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum, auto

from aldis.accounts.senders import Sender


class Word(Enum):
    """What a whole message says."""

    STOP = auto()
    START = auto()
    HELP = auto()


USUAL = {
    Word.STOP: frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")),
    Word.START: frozenset(("START", "UNSTOP", "YES")),
    Word.HELP: frozenset(("HELP", "INFO")),
}

_NO_LETTERS = re.compile(r"[\W_]+")


def normal(text: str) -> str:
    """Give a text as words are compared: capital letters and digits only, in their compatible forms."""
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text)).upper()


def word_in(text: str, sender: Sender) -> Word | None:
    """Tell which word a whole message is; None for any other message, also one that only begins with a
    word.
    """
    said = normal(text)
    for word, more in (
        (Word.STOP, sender.stop_words),
        (Word.START, sender.start_words),
        (Word.HELP, sender.help_words),
    ):
        if said in USUAL[word] or any(said == normal(each) for each in more):
            return word
    return None


def keyword_in(text: str, sender: Sender) -> str:
    """Give the keyword of a sender that a message begins with; "" for none."""
    said, _, _ = text.strip().partition(" ")
    return next((keyword for keyword in sender.keywords if normal(keyword) == normal(said)), "")


def reply_to(word: Word, sender: Sender, account: str) -> str:
    """Give what is answered to a word; "" for nothing."""
    text = {
        Word.STOP: sender.stop_reply,
        Word.START: sender.start_reply,
        Word.HELP: sender.help_reply,
    }[word]
    return text.replace("{sender}", sender.value).replace("{account}", account)
