"""Whose a message from a handset is, and what it means: pure decisions on a snapshot of the directory."""

from __future__ import annotations

import hashlib

import msgspec

from aldis.accounts.account import Account
from aldis.accounts.consent import Word, keyword_in, reply_to, word_in
from aldis.accounts.directory import Directory
from aldis.accounts.senders import Sender
from aldis.sms.address import NumberType
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.inbound import InboundPart

#: of a person's words, what the history keeps
MAX_WORDS = 160


class Meaning(msgspec.Struct, frozen=True):
    """What was decided about one message."""

    #: None: nobody's
    account: Account | None
    sender: Sender
    keyword: str
    #: the one for the sender that it was sent to first
    consents: tuple[ConsentChange, ...]
    #: "" for none
    reply: str


def meaning_of(directory: Directory, part: InboundPart, text: str, now: int) -> Meaning:
    """Decide about a message. `part`: any of its segments."""
    account, sender, keyword = _owner(directory, part.recipient, text)
    owners = directory.senders.get(part.recipient, {})
    word = word_in(text, sender, owners.values())
    # a STOP counts for the number that it was sent to, in the words of whoever shares it
    if any(word_in(text, owner, owners.values()) is Word.STOP for owner in owners.values()):
        word = Word.STOP
    is_somebody = part.sender_type is not NumberType.NATIONAL  # whose such digits are in full is not known
    consent = _consent(part, text, sender, word, keyword, now) if owners and is_somebody else None
    senders = directory.covered_by_stop(sender.value) if word is Word.STOP else (sender.value,)
    consents = tuple(msgspec.structs.replace(consent, sender=each) for each in senders if consent)
    reply = reply_to(word, sender, account.name) if word is not None and account is not None else ""
    return Meaning(account, sender, keyword, consents, reply)


def _owner(directory: Directory, number: str, text: str) -> tuple[Account | None, Sender, str]:
    """Find the account of one of our numbers. Where several share it: those whose keyword the message begins
    with, of them those that want to hear of messages; if it is still several, those without keywords.
    """
    owners = {
        name: sender
        for name, sender in directory.senders.get(number, {}).items()
        if directory.accounts[name].active
    }
    by_keyword = {name: sender for name, sender in owners.items() if keyword_in(text, sender)}
    found = by_keyword or owners
    found = {name: s for name, s in found.items() if directory.accounts[name].inbound} or found
    if len(found) > 1 and not by_keyword:
        found = {name: sender for name, sender in found.items() if not sender.keywords}
    for name, sender in found.items():
        return directory.accounts[name], sender, keyword_in(text, sender)
    return None, Sender(number), ""


def _consent(
    part: InboundPart, text: str, sender: Sender, word: Word | None, keyword: str, now: int
) -> ConsentChange | None:
    if word is Word.STOP:
        kind, topic = ConsentKind.OPT_OUT, ""
    elif word is Word.START:
        kind, topic = ConsentKind.OPT_IN, sender.keywords[0] if sender.keywords else ""
    elif keyword:
        kind, topic = ConsentKind.OPT_IN, keyword
    else:
        return None
    words = text.strip()[:MAX_WORDS]
    return ConsentChange(sender.value, topic, part.sender, kind, ConsentSource.HANDSET, words, now)


def fingerprint(part: InboundPart, text: str) -> bytes:
    """Give what a message and its repetition by the carrier have in common."""
    said = f"{part.link}\0{part.sender}\0{part.recipient}\0{text}"
    if part.transaction_id:
        said = "\0".join([said, part.transaction_id, *(kept.digest for kept in part.parts)])
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
