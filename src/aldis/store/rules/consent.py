"""What a word about consent changes. Only the person takes back a STOP of their own; a file that is applied
again brings nobody back who has left.
"""

from __future__ import annotations

from typing import NamedTuple

from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource


class Said(NamedTuple):
    """What is kept of a sender and a number, before a change."""

    is_opted_out: bool
    #: to the topic; where the change names none, to any
    is_opted_in: bool
    #: who last said something about all that comes from the sender was the person
    by_person: bool
    #: the last word on the topic, or on all, was to leave
    has_left: bool


class Consequence(NamedTuple):
    """What a change does."""

    adds_opt_out: bool = False
    ends_opt_out: bool = False
    adds_opt_in: bool = False
    #: to the topic; where the change names none, to all
    ends_opt_in: bool = False
    #: as a word that counts, though it may change nothing: from now on only the person takes it back
    is_remembered: bool = False

    @property
    def is_change(self) -> bool:
        """Whether anything is otherwise than before."""
        return self.adds_opt_out or self.ends_opt_out or self.adds_opt_in or self.ends_opt_in


#: nothing of it counts
NOTHING = Consequence()


def follow(wish: ConsentChange, said: Said) -> Consequence:
    """Tell what a change does."""
    adds_out = ends_out = adds_in = ends_in = False
    if wish.kind is ConsentKind.OPT_OUT:
        ends_in = said.is_opted_in
        adds_out = not wish.topic and not said.is_opted_out
    else:
        if may_take_back(wish.source, said):
            ends_out = said.is_opted_out
        elif said.is_opted_out:
            return NOTHING
        if wish.source is ConsentSource.FILE and said.has_left:
            return NOTHING
        adds_in = bool(wish.topic) and not said.is_opted_in
    is_change = adds_out or ends_out or adds_in or ends_in
    is_word = wish.source is ConsentSource.HANDSET and not wish.topic and not said.by_person
    return Consequence(adds_out, ends_out, adds_in, ends_in, is_change or is_word)


def may_take_back(source: ConsentSource, said: Said) -> bool:
    """Tell whether an opt-in ends an opt-out."""
    return source is ConsentSource.HANDSET or (source is ConsentSource.CONSOLE and not said.by_person)


def is_news_for_others(wish: ConsentChange) -> bool:
    """Tell whether a gateway that runs beside whoever makes a change is to hear of it, and drop what it has
    claimed.
    """
    return wish.source in (ConsentSource.FILE, ConsentSource.CONSOLE) and not wish.topic
