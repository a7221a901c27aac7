"""What judging costs is known before, paid by whoever asks, and done once."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from aldis.accounts.account import ANONYMOUS
from aldis.dialects.contract import Check
from aldis.dialects.exchange import HttpRequest
from aldis.sms.fitting import EncodingOptions
from aldis.stages.admission import rules
from aldis.stages.admission.context import AdmissionContext, ResolvedRequest
from aldis.stages.admission.cost import MOST_AT_ONCE, is_large
from aldis.store.contract.store import Store
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.content import Attachment
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Submission
from tests.dialects.asking import Asker, get, post
from tests.fakes.clock import FakeClock
from tests.stages.test_content import a_context

FEW, MANY = ("4512345678",), tuple(f"4512{number:06d}" for number in range(200))
#: raw characters are few enough, and written they take 19 segments
ELEVEN = "ж" * 1_250
CALLER = Caller(Presented("aldis", "x"))


@pytest.mark.parametrize(
    ("recipients", "text", "tags", "large"),
    [
        (FEW, "x" * 100_000, (), False),
        (FEW, "é" * 1_000, (), False),
        (FEW, "é" * MOST_AT_ONCE, (), True),
        (FEW * 6, "x", (), False),
        (FEW * 7, "x", (), True),
        (FEW * 3, "x" * 500, ("x",), True),
    ],
)
def test_characters_times_recipients_decide(
    recipients: tuple[str, ...], text: str, tags: tuple[str, ...], *, large: bool
) -> None:
    values = (("",),) * len(recipients) if tags else ()
    ask = MessageAsk(recipients=recipients, text=text, tags=tags, tag_values=values)
    assert is_large(Submission(CALLER, (ask,))) is large
    assert is_large(Submission(CALLER, (msgspec.structs.replace(ask, tags=()),) * 100)) is True


def test_what_has_attachments_is_large() -> None:
    ask = MessageAsk(recipients=FEW, text="x", attachments=(Attachment("image/png", b""),))
    assert is_large(Submission(CALLER, (ask,)))


def judged(*asks: MessageAsk) -> tuple[AdmissionContext, Refusal | None]:
    """Ask how long the texts are, of an account like any."""
    account = msgspec.structs.replace(ANONYMOUS, max_segments=10)
    context = msgspec.structs.replace(
        a_context(1),
        submission=Submission(CALLER, asks),
        requests=[ResolvedRequest(ask) for ask in asks],
        count=sum(len(ask.recipients) for ask in asks),
        account=account,
        written={},
    )
    (question,) = [question for check, question in rules.order_of(CHECKS).after_credentials]
    return context, question(context)


CHECKS = (Check.CREDENTIALS, Check.LENGTH)


def test_a_text_is_written_once_however_many_it_is_for() -> None:
    values = tuple(("ab"[number % 2],) for number in range(len(MANY)))
    tagged = MessageAsk(recipients=MANY, text="Hi {x}", tags=("{x}",), tag_values=values)
    plain = MessageAsk(recipients=MANY, text="Hi a")
    context, refusal = judged(tagged, plain, plain)
    assert refusal is None
    assert {text for text, *_ in context.written} == {"Hi a", "Hi b"}
    first = context.requests[0].fitted
    assert len({id(fitted) for fitted in first}) == 2
    assert context.requests[1].fitted[0] is first[0]


@pytest.mark.parametrize("options", [EncodingOptions(), EncodingOptions(most_segments=11)])
@pytest.mark.parametrize("recipients", [FEW, MANY])
def test_a_text_of_too_many_characters_is_not_written(
    recipients: tuple[str, ...], options: EncodingOptions
) -> None:
    unwritable = "\ud800" * 6_401  # which no door lets in: writing it raises
    _, refusal = judged(MessageAsk(recipients=recipients, text=unwritable, encoding_options=options))
    assert refusal == Refusal(RefusalReason.TEXT_TOO_LONG)


def test_a_text_that_may_be_cut_is_looked_at_as_far_as_it_may_go() -> None:
    context, refusal = judged(
        MessageAsk(
            recipients=FEW,
            text="e\u0301" * 700 + "\ud800" * 9_000,
            encoding_options=EncodingOptions(most_segments=2),
        )
    )
    assert refusal is None
    (fitted,) = context.requests[0].fitted
    assert fitted is not None
    assert (fitted.segments, len(fitted.encoded.octets)) == (2, 306)


def test_the_last_text_that_is_too_long_is_the_last_that_is_written() -> None:
    values = tuple(("x" * (number * 10),) for number in range(len(MANY)))
    ask = MessageAsk(recipients=MANY, text="{x}.", tags=("{x}",), tag_values=values)
    context, refusal = judged(ask)
    assert refusal == Refusal(RefusalReason.TEXT_TOO_LONG)
    assert len(context.written) == 153 + 1


def native(key: str, path: str = "/v1/messages", **values: object) -> HttpRequest:
    body = {"to": "4512345678", "from": "74700", "text": "x"} | values
    return post(path, json.dumps(body), "application/json", authorization=f"Bearer {key}")


async def code_of(asker: Asker, request: HttpRequest) -> str:
    """The problem's code, "" for none."""
    reply = await asker.ask(request)
    return str(json.loads(reply.body).get("code", ""))


async def test_estimates_and_dry_runs_use_the_rate_up(demo_store: Store, clock: FakeClock) -> None:
    asker = await Asker.over(demo_store, clock)
    assert await code_of(asker, native("slow-native", "/v1/estimate")) == ""
    assert await code_of(asker, native("slow-native", "/v1/estimate")) == "throttled"
    assert await code_of(asker, native("slow-native")) == "throttled"
    clock.advance(3600)
    dry = "/rest/mtsms?token=slow-mavorion&message=x&sender=74700&recipients.0.msisdn=4512345678&dry_run=1"
    assert (await asker.ask(get(dry))).status == 200
    assert (await asker.ask(get(dry))).status == 429


async def test_who_has_no_rate_left_is_told_before_its_numbers_and_texts_are_read(
    demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    assert await code_of(asker, native("slow-native")) == ""
    for values in ({"text": ELEVEN}, {"to": ["abc"]}, {"from": "99999"}):
        assert await code_of(asker, native("slow-native", **values)) == "throttled"


async def test_who_cannot_pay_the_least_is_told_before_texts_are_written(
    demo_store: Store, clock: FakeClock
) -> None:
    asker = await Asker.over(demo_store, clock)
    large: dict[str, Any] = {"to": list(MANY), "text": ELEVEN}
    assert await code_of(asker, native("demo-native", **large)) == "text_too_long"
    assert await code_of(asker, native("broke-native", **large)) == "credit_insufficient"
    assert await code_of(asker, native("broke-native", text=ELEVEN)) == "text_too_long"  # it costs little
    assert await code_of(asker, native("broke-native", to=list(MANY), text="x" * 9_000)) == "text_too_long"
