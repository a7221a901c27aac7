"""Which senders belong to whom, with the keywords and campaigns that hang on them."""

from __future__ import annotations

import msgspec


class Sender(msgspec.Struct, frozen=True, omit_defaults=True):
    """A short code, number or name that an account may send from."""

    value: str
    #: the first is the default one
    keywords: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()

    def keyword_meant_by(self, given: str | None) -> str | None:
        """Resolve a keyword as a customer gives it: `default` and nothing mean the first; None when there is
        no such one.
        """
        if not given or given.lower() == "default":
            return self.keywords[0] if self.keywords else None
        return next((keyword for keyword in self.keywords if keyword.lower() == given.lower()), None)
