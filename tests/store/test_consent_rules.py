"""What a word about consent changes, and which words are answered, whatever the engine."""

from __future__ import annotations

import msgspec
import pytest

from aldis.store.rules.consent import NOTHING, Consequence, Said, follow, is_news_for_others
from aldis.store.rules.inbound import DAY_MS, MOST_ANSWERS, is_to_be_answered, may_answer
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from tests.store.test_inbound import an_inbound

IN, OUT = ConsentKind.OPT_IN, ConsentKind.OPT_OUT
HANDSET, API, FILE, CONSOLE = ConsentSource
NOBODY = Said(is_opted_out=False, is_opted_in=False, by_person=False, has_left=False)
OPTED_OUT = NOBODY._replace(is_opted_out=True, has_left=True)
STOPPED = OPTED_OUT._replace(by_person=True)
LEFT = NOBODY._replace(has_left=True)
MEMBER = NOBODY._replace(is_opted_in=True)


def a_word(kind: ConsentKind, source: ConsentSource, topic: str = "") -> ConsentChange:
    return ConsentChange("74700", topic, "447700900001", kind, source, "", 1)


STOP = Consequence(adds_opt_out=True, is_remembered=True)
BACK = Consequence(ends_opt_out=True, is_remembered=True)
JOINED = Consequence(adds_opt_in=True, is_remembered=True)


@pytest.mark.parametrize(
    ("word", "said", "consequence"),
    [
        (a_word(OUT, HANDSET), NOBODY, STOP),
        (a_word(OUT, HANDSET), MEMBER, STOP._replace(ends_opt_in=True)),
        (a_word(OUT, HANDSET), OPTED_OUT, Consequence(is_remembered=True)),  # from now on it is the person's
        (a_word(OUT, HANDSET), STOPPED, NOTHING),
        (a_word(OUT, FILE), OPTED_OUT, NOTHING),
        (a_word(OUT, API, "news"), MEMBER, Consequence(ends_opt_in=True, is_remembered=True)),
        (a_word(OUT, API, "news"), NOBODY, NOTHING),
        (a_word(IN, HANDSET), STOPPED, BACK),
        (a_word(IN, CONSOLE), OPTED_OUT, BACK),
        (a_word(IN, CONSOLE), STOPPED, NOTHING),
        (a_word(IN, API, "news"), OPTED_OUT, NOTHING),
        (a_word(IN, API, "news"), LEFT, JOINED),
        (a_word(IN, FILE, "news"), NOBODY, JOINED),
        (a_word(IN, FILE, "news"), LEFT, NOTHING),
        (a_word(IN, FILE, "news"), MEMBER, NOTHING),
        (a_word(IN, HANDSET, "news"), STOPPED, JOINED._replace(ends_opt_out=True)),
    ],
)
def test_a_word_changes_what_it_may(word: ConsentChange, said: Said, consequence: Consequence) -> None:
    assert follow(word, said) == consequence


@pytest.mark.parametrize(
    ("source", "topic", "is_news"),
    [(FILE, "", True), (CONSOLE, "", True), (HANDSET, "", False), (API, "", False), (FILE, "news", False)],
)
def test_a_gateway_beside_hears_of_what_binds_its_senders(
    source: ConsentSource, topic: str, *, is_news: bool
) -> None:
    assert is_news_for_others(a_word(OUT, source, topic)) is is_news


def test_a_word_is_answered_and_nobody_too_often() -> None:
    question = an_inbound(1, received_at=2 * DAY_MS)
    change = msgspec.structs.replace(question, consents=(a_word(OUT, HANDSET),))
    assert [is_to_be_answered(question, []), is_to_be_answered(change, [False])] == [True, False]
    assert is_to_be_answered(change, [False, True])
    for message, count, last_asked_at, is_answered in (
        (question, 0, 0, True),
        (question, MOST_ANSWERS, 0, False),
        (question, 1, question.received_at - 999, False),
        (question, 1, question.received_at - 1_000, True),
        (change, 1, question.received_at - 1, True),
        (change, MOST_ANSWERS, 0, False),
    ):
        assert may_answer(message, 1_000, count, last_asked_at) is is_answered
