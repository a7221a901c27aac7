"""What carriers do otherwise than the specifications and their settings say, as operators are told of it."""

from __future__ import annotations

from enum import StrEnum


class Anomaly(StrEnum):
    """One kind, under the name that it has in metrics, documents and logs."""

    AMBIGUOUS_RECEIPT = "ambiguous_receipt"
    RESPELLED_RECEIPT = "respelled_receipt"
    MISNAMED_RECEIPT = "misnamed_receipt"
    UNKNOWN_STATE = "unknown_state"
    UNMARKED_RECEIPT = "unmarked_receipt"
    TWO_IDS = "two_ids"
    UNNAMED_RECEIPT = "unnamed_receipt"
    TRAILING_OCTETS = "trailing_octets"
    UNREADABLE_ANSWER = "unreadable_answer"


#: what was seen, and what to do about it; "" where nothing is to be done
_KNOWN = {
    Anomaly.AMBIGUOUS_RECEIPT: (
        "receipts kept though their id is known: several messages have it, and no number tells which",
        "Ask the carrier for ids that it does not use again, or for receipts that name the recipient.",
    ),
    Anomaly.RESPELLED_RECEIPT: (
        "receipts with an id that the response had in another case, or in decimal instead of hexadecimal",
        "These receipts wait some seconds. Where ids are numbers, `response_id` and `receipt_id` end that.",
    ),
    Anomaly.MISNAMED_RECEIPT: (
        "receipts whose source is not the number that the message with their id went to: the id counts",
        "",
    ),
    Anomaly.UNKNOWN_STATE: (
        "receipts with a state that no table knows, which end nothing",
        "Ask the carrier what it means by it, and say so in [link.quirks.receipt_states] (SMPP).",
    ),
    Anomaly.UNMARKED_RECEIPT: (
        "receipts whose esm_class calls them messages of handsets; they were taken for what they are",
        "",
    ),
    Anomaly.TWO_IDS: (
        "receipts whose receipted_message_id no message has, and whose text names one that a message has",
        "Ask the carrier to write the id of its response: until then these receipts wait for some moments.",
    ),
    Anomaly.UNNAMED_RECEIPT: (
        "receipts in which no id was found: they were acknowledged and tell nothing",
        "Set `receipt_pattern` in [link.quirks].",
    ),
    Anomaly.TRAILING_OCTETS: (
        "PDUs with octets behind their last whole parameter, which are not read",
        "Tell the carrier: a tag or a length of its optional parameters is wrong.",
    ),
    Anomaly.UNREADABLE_ANSWER: (
        "answers of an MMSC with 2xx in which no status of MM7 was found: their messages count as taken",
        "Tell the MMSC's operator: without a MessageID no report finds its message, which ends unconfirmed.",
    ),
}


def describe(kind: str, detail: str) -> tuple[str, str]:
    """Say what was seen, and what to do about it; of a kind of another version, its name."""
    says, advice = _KNOWN[Anomaly(kind)] if kind in Anomaly._value2member_map_ else (kind, "")
    return (f"{says}: {detail}" if detail else says), advice
