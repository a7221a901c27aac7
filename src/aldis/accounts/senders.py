"""Which senders belong to whom, with the keywords and campaigns that hang on them."""

from __future__ import annotations

import msgspec


class Sender(msgspec.Struct, frozen=True, omit_defaults=True):
    """A short code, number or name that an account may send from."""

    value: str
    #: the first is the default one
    keywords: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    #: words besides the usual ones, in other languages
    stop_words: tuple[str, ...] = ()
    start_words: tuple[str, ...] = ()
    help_words: tuple[str, ...] = ()
    #: whole messages that say STOP in a sentence; None: the usual ones
    stop_phrases: tuple[str, ...] | None = None
    #: what is answered to them; {sender} and {account} are filled in, "" answers nothing
    stop_reply: str = "You will get no more messages from {sender}. Reply START to hear from us again."
    start_reply: str = "You will get messages from {sender} again. Reply STOP to end them."
    help_reply: str = "{account}: reply STOP to get no more messages from {sender}."

    def keyword_meant_by(self, given: str | None) -> str | None:
        """Resolve a keyword as a customer gives it: `default` and nothing mean the first; None when there is
        no such one.
        """
        if not given or given.lower() == "default":
            return self.keywords[0] if self.keywords else None
        return next((keyword for keyword in self.keywords if keyword.lower() == given.lower()), None)
