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

_BETWEEN_WORDS = re.compile(r"[\s.,;:!?/]+")
#: general categories that say nothing: punctuation, separators, symbols, control and format characters
_SILENT = ("P", "Z", "S", "Cc", "Cf")


def normal(text: str) -> str:
    """Give a text as words are compared: capital letters, digits and their marks, in their compatible forms;
    "" for one that has none.
    """
    compatible = unicodedata.normalize("NFKC", text)
    return "".join([c for c in compatible if not unicodedata.category(c).startswith(_SILENT)]).upper()


def word_in(text: str, sender: Sender) -> Word | None:
    """Tell which word a whole message is; None for any other message, also one that only begins with a
    word.
    """
    said = normal(text)
    if not said:
        return None
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
