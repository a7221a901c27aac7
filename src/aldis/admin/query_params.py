"""Reads what operators ask for: alike in a page's address, a call of the admin API and on the command line.

Raises AdminError with a sentence for whoever asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aldis.accounts.directory import Directory
from aldis.clock import read_instant
from aldis.errors import AdminError
from aldis.store.contract.outbox import PostbackFilter
from aldis.store.contract.search import EVER, InboundFilter, MessageFilter
from aldis.traffic.states import State

LONGEST = 200
MOST_DIGITS = len(str(EVER))
MOST_ON_A_PAGE = 500
ON_A_PAGE = 50
#: what a search may be asked by
MESSAGE_FIELDS = (
    "id", "number", "reference", "sender", "account", "dialect", "state", "link", "label", "country", "since",
    "until",
)  # fmt: skip
INBOUND_FIELDS = ("number", "recipient", "account", "keyword", "link", "since", "until")
POSTBACK_FIELDS = ("lane", "event", "account")
_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DECORATION = re.compile(r"[\s().\-/]")
#: what people mean by several states
_GROUPS = {
    "open": (State.QUEUED, State.SENDING, State.SENT),
    "ended": tuple(state for state in State if state not in (State.QUEUED, State.SENDING, State.SENT)),
    "failed": (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.DELETED, State.FAILED),
}
STATES = (*_GROUPS, *(state.value for state in State))


def messages_wanted(given: Mapping[str, str], known: Directory, now: int) -> MessageFilter:
    """Read a search for messages; what is left out or empty asks nothing."""
    since, until = between(given, now)
    return MessageFilter(
        message_id=number(given, "id") if text(given, "id") else 0,
        reference=text(given, "reference"),
        number=msisdn(text(given, "number")),
        sender=text(given, "sender"),
        account_id=account_id(given, known),
        dialect=text(given, "dialect"),
        link=text(given, "link"),
        label=text(given, "label"),
        country=text(given, "country").upper(),
        states=_states(text(given, "state")),
        since=since,
        until=until,
    )


def inbound_wanted(given: Mapping[str, str], known: Directory, now: int) -> InboundFilter:
    """Read a search for messages from handsets; the account "-" means nobody."""
    since, until = between(given, now)
    nobodys = text(given, "account") == "-"
    return InboundFilter(
        number=msisdn(text(given, "number")),
        recipient=msisdn(text(given, "recipient")),
        nobodys=nobodys,
        account_id=0 if nobodys else account_id(given, known),
        keyword=text(given, "keyword"),
        link=text(given, "link"),
        since=since,
        until=until,
    )


def postbacks_wanted(given: Mapping[str, str], known: Directory) -> PostbackFilter:
    """Read a search for dead letters."""
    event = text(given, "event")
    if event not in ("", "sent", "ended", "inbound"):
        raise AdminError("event is sent, ended or inbound")
    return PostbackFilter(text(given, "lane"), event, account_id(given, known))


def text(given: Mapping[str, str], name: str) -> str:
    """Read a field of text."""
    found = given.get(name, "").strip()
    if len(found) > LONGEST:
        raise AdminError(f"{name} has more than {LONGEST} characters")
    return found


def whole(given: str) -> int | None:
    """Read digits; None for anything else, and for more of them than any number of ours has (Python's own
    reader fails at 4,301, and takes other scripts' digits).
    """
    is_number = len(given) <= MOST_DIGITS and given.isascii() and given.isdigit()
    return int(given) if is_number else None


def number(given: Mapping[str, str], name: str, default: int = 0, least: int = 0, most: int = EVER) -> int:
    """Read a whole number within bounds; `default` where it is left out."""
    if name not in given:
        return default
    found = whole(given[name].strip())
    if found is None or not least <= found <= most:
        raise AdminError(f"`{name}` is a whole number from {least} to {most}")
    return found


def limit(given: Mapping[str, str]) -> int:
    """Read how many are wanted at most."""
    return number(given, "limit", ON_A_PAGE, 1, MOST_ON_A_PAGE)


def account_id(given: Mapping[str, str], known: Directory) -> int:
    """Read the name of an account; 0 for none."""
    name = text(given, "account")
    if not name:
        return 0
    account = known.accounts.get(name)
    if account is None:
        raise AdminError(f"there is no account `{name}`")
    return account.account_id


def between(given: Mapping[str, str], now: int) -> tuple[int, int]:
    """Read since and until: instants, days (all of it), or how long ago ("90m", "7d")."""
    since, until = text(given, "since"), text(given, "until")
    begin = _instant("since", since, now) if since else 0
    end = _instant("until", until, now) if until else EVER
    if _DAY.fullmatch(until):
        end += _UNITS_S["d"] * 1000
    if end <= begin:
        raise AdminError("until lies before since")
    return begin, end


def msisdn(given: str) -> str:
    """Take from a number what people write around its digits; other senders stay as they are."""
    digits = _DECORATION.sub("", given).removeprefix("+")
    return digits.removeprefix("00") if digits.isascii() and digits.isdigit() else given


def _instant(name: str, given: str, now: int) -> int:
    if ago := _AGO.fullmatch(given):
        return max(1, now - int(ago[1]) * _UNITS_S[ago[2]] * 1000)
    try:
        return read_instant(given)
    except ValueError:
        words = f"{name} is a time such as 2026-11-26T10:00, a day, or how long ago: 90m, 24h, 7d"
        raise AdminError(words) from None


def _states(given: str) -> tuple[State, ...]:
    found: list[State] = []
    for word in given.split(",") if given else ():
        if word in _GROUPS:
            found += _GROUPS[word]
        elif word in tuple(State):
            found.append(State(word))
        else:
            raise AdminError(f"state is one of {', '.join(STATES)}")
    return tuple(dict.fromkeys(found))
