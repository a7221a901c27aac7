"""What must not be written side by side although it shares no row, by this gateway's lanes or another's.

A transaction takes these first and in one order (`engine/operations.py`).
"""

from __future__ import annotations

from zlib import crc32

from aldis.store.postgresql.engine.operations import Lock

_CONSENT, _LINK, _CONVERSATION = 1, 2, 3


def accepting() -> Lock:
    """Lock what accepts messages, beside each other: none is accepted while somebody opts out, who could be
    told so, and get it.
    """
    return Lock(_CONSENT, 0, is_shared=True)


def consenting() -> Lock:
    """Lock a change of who has opted out: it sees all that was accepted before it, and what is accepted later
    sees it.
    """
    return Lock(_CONSENT, 0, is_shared=False)


def recording(link: str) -> Lock:
    """Lock what records a link's answers, beside each other: a receipt that ran beside would not see the
    segment that it is about, nor be seen, and wait for ever.
    """
    return Lock(_LINK, _key(link), is_shared=True)


def reporting(link: str) -> Lock:
    """Lock what takes a link's receipts: of the last two of a message each would see the other's segment
    without its ending, and the message would have none.
    """
    return Lock(_LINK, _key(link), is_shared=False)


def conversing(sender: str, recipient: str) -> Lock:
    """Lock what one handset writes to one number: of the last two segments of a message each would find it
    without the other, and it would never be whole.
    """
    return Lock(_CONVERSATION, _key(f"{sender} {recipient}"), is_shared=False)


def _key(name: str) -> int:
    """Give a number of 32 bits; two names that share one wait for each other without need."""
    return crc32(name.encode("utf-8", "surrogatepass")) - 2**31
