"""How one SMSC differs from the specification or leaves it open, as data: `[link.quirks]`.

What we have met, and which setting answers it, is in docs/quirks.md. Source: SMPP v3.4 §5.2.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from aldis.sms.fitting import PLAIN, DefaultAlphabet, TextRules
from aldis.sms.national_tables import Language
from aldis.sms.segments import Splitting
from aldis.traffic.receipt import EXACT, normalise_id

LanguageName = Literal[
    "turkish",
    "spanish",
    "portuguese",
    "bengali",
    "gujarati",
    "hindi",
    "kannada",
    "malayalam",
    "oriya",
    "punjabi",
    "tamil",
    "telugu",
    "urdu",
]
StateName = Literal["enroute", "delivered", "undelivered", "expired", "rejected", "deleted"]
IdForm = Literal["as_is", "decimal", "hex"]
_VERSIONS = {"3.3": 0x33, "3.4": 0x34, "5.0": 0x50}
_OCTET = range(256)


#: with the longest number it must fit into an address of 20 characters
_PREFIX = re.compile(r"\+|[0-9]{0,5}", re.ASCII)


class Quirks(msgspec.Struct, frozen=True):
    """What to say otherwise, and what to read otherwise."""

    interface_version: Literal["3.3", "3.4", "5.0"] = "3.4"
    service_type: str = ""
    #: what data_coding 0 means there
    alphabet: DefaultAlphabet = DefaultAlphabet.GSM
    data_coding_gsm: int = 0x00
    data_coding_ucs2: int = 0x08
    #: national languages that may be used instead of UCS-2
    languages: tuple[LanguageName, ...] = ()
    splitting: Splitting = Splitting.UDH_8
    #: (TON, NPI) by the kind of address. Source: SMPP v3.4 §5.2.5, §5.2.6
    short_code: tuple[int, ...] = (3, 0)
    alphanumeric: tuple[int, ...] = (5, 0)
    international: tuple[int, ...] = (1, 1)
    destination: tuple[int, ...] = (1, 1)
    #: written before international digits: "+" or "00"
    prefix: str = ""
    registered_delivery: int = 0x01
    #: tell the SMSC until when to try
    validity: Literal["none", "relative", "absolute"] = "none"
    #: the id in a response and in a receipt; as_is compares them in every spelling
    response_id: IdForm = "as_is"
    receipt_id: IdForm = "as_is"
    #: a regular expression with groups named id, stat and err for receipts that nothing else reads
    receipt_pattern: str = ""
    #: what this carrier's words for states mean, before the words that all carriers share; also numbers
    receipt_states: dict[str, StateName] = {}
    #: take for receipts what has their form and an id of ours, though esm_class does not say so
    unmarked_receipts: bool = True

    @property
    def version(self) -> int:
        """The interface_version of the bind. Source: SMPP v3.4 §5.2.4."""
        return _VERSIONS[self.interface_version]

    def in_response(self, smsc_message_id: str) -> str:
        """Give an id of a response in the spelling that is compared."""
        if self.response_id == "as_is":
            return normalise_id(smsc_message_id)
        return self._exact(_canonical(smsc_message_id, self.response_id))

    def in_receipt(self, smsc_message_id: str) -> str:
        """Give an id of a receipt in the spelling that is compared."""
        if self.receipt_id == "as_is":
            return normalise_id(smsc_message_id)
        return self._exact(_canonical(smsc_message_id, self.receipt_id))

    def _exact(self, canonical: str) -> str:
        """Mark an id whose form is known at both ends: it has no other spellings (`alternative_ids`)."""
        is_exact = canonical and "as_is" not in (self.response_id, self.receipt_id)
        return f"{EXACT}{canonical}" if is_exact else canonical

    @property
    def text_rules(self) -> TextRules:
        """What the link can carry, for admission and for cutting."""
        languages = tuple(Language[name.upper()] for name in self.languages)
        rules = TextRules(self.alphabet, languages, self.splitting)
        return PLAIN if rules == PLAIN else rules  # the same object, so that admission knows it at a glance

    def faults(self) -> list[tuple[str, str]]:
        """Find what the types cannot: (key, what is wrong)."""
        found = [
            (key, "must be two numbers 0..255: TON and NPI")
            for key in ("short_code", "alphanumeric", "international", "destination")
            if len(getattr(self, key)) != len(("ton", "npi")) or not set(getattr(self, key)) <= set(_OCTET)
        ]
        found += [
            (key, "must be 0..255")
            for key in ("data_coding_gsm", "data_coding_ucs2", "registered_delivery")
            if getattr(self, key) not in _OCTET
        ]
        if len(self.service_type) > 5:  # noqa: PLR2004 - SMPP v3.4 §5.2.11
            found.append(("service_type", "must be 5 characters at most (SMPP v3.4 §5.2.11)"))
        if self.version < _VERSIONS["3.4"] and self.splitting in (Splitting.SAR, Splitting.PAYLOAD):
            found.append(("splitting", "needs optional parameters, which version 3.3 does not have"))
        if self.languages and self.alphabet is not DefaultAlphabet.GSM:
            found.append(("languages", f"need the GSM alphabet, and `alphabet` is {self.alphabet.value}"))
        if self.data_coding_gsm == self.data_coding_ucs2:
            found.append(("data_coding_gsm", "must differ from data_coding_ucs2"))
        if not self.service_type.isascii():
            found.append(("service_type", "must be ASCII"))
        if not _PREFIX.fullmatch(self.prefix):
            found.append(("prefix", "must be `+`, or five digits at most"))
        try:
            named = re.compile(self.receipt_pattern).groupindex
        except re.error as fault:
            found.append(("receipt_pattern", f"is no regular expression: {fault}"))
        else:
            if self.receipt_pattern and not {"id", "stat"} <= named.keys():
                found.append(("receipt_pattern", "needs groups named id and stat: (?P<id>…) (?P<stat>…)"))
        return found


def _canonical(smsc_message_id: str, form: IdForm) -> str:
    """Write a number in decimal; what is not of its form stays as it is."""
    if form == "hex":
        try:
            return str(int(smsc_message_id.strip(), 16))
        except ValueError:
            pass
    return normalise_id(smsc_message_id)
