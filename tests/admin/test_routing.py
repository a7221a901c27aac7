"""What is explained of a message's way is what admission stores of it, whatever the directory says."""

from __future__ import annotations

from ipaddress import ip_network

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.account import ANONYMOUS
from aldis.accounts.carriers import Carrier
from aldis.accounts.credentials import Credential
from aldis.accounts.directory import Directory, assemble
from aldis.accounts.numbering import Recipient
from aldis.accounts.price import MMS, Price, from_micros
from aldis.accounts.routes import Route
from aldis.accounts.routing import Content, MmsRules, Router
from aldis.accounts.senders import Sender
from aldis.admin.routing import NEIGHBOURS, explain
from aldis.clock import SystemClock
from aldis.dialects.contract import Check
from aldis.dialects.registry import POLICIES
from aldis.sms.fitting import PLAIN, DefaultAlphabet, TextRules
from aldis.stages.admission import rules
from aldis.stages.admission.building import Deadlines, messages_of
from aldis.stages.admission.context import AdmissionContext, ContentLimits, ResolvedRequest
from aldis.stages.rates import AccountRates
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.content import Attachment
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import MessageAsk, Submission

POLICY = POLICIES["genesys"]
CREDENTIAL = Credential("acme", POLICY.name, "0" * 32)
LATIN = TextRules(alphabet=DefaultAlphabet.LATIN_1)
NUMBERS = {"46701234567": "SE", "4512345678": "DK", "15551234888": "US"}
SENDERS = ("74700", "60856")
ACCOUNT = msgspec.structs.replace(
    ANONYMOUS,
    account_id=1,
    name="acme",
    active=True,
    may_send=True,
    reference_optional=True,
    sources=(ip_network("127.0.0.0/8"),),
    senders=tuple(Sender(value) for value in SENDERS),
)
#: "gone" is in no settings
LINKS = ("a", "b", "c", "m", "n", "gone")

carriers = st.sampled_from(["", "telia", "tdc"])
countries = st.sampled_from(["", "SE", "DK"])
routes = st.lists(
    st.builds(
        Route,
        st.sampled_from(LINKS),
        carriers,
        st.sampled_from(["", *SENDERS]),
        countries,
        st.lists(st.sampled_from(LINKS), max_size=3).map(tuple),
    ),
    max_size=5,
)
prices = st.lists(
    st.builds(Price, st.integers(0, 99), countries, carriers, st.sampled_from(["", MMS])), max_size=5
)
directories = st.builds(
    lambda routes, prices: assemble(
        1,
        [ACCOUNT],
        [],
        [Carrier("telia", "SE", {"genesys": ("1",)}, ("4670",)), Carrier("tdc", "DK", {"genesys": ("2",)})],
        routes,
        prices,
    ),
    routes,
    prices,
)
routers = st.builds(
    lambda texts, up, mms: Router(dict(zip("abc", texts, strict=True)), up.__contains__, mms),
    st.tuples(*[st.sampled_from([PLAIN, LATIN])] * 3),
    st.sets(st.sampled_from(LINKS[:-1])),
    st.fixed_dictionaries(
        {}, optional={"m": st.just(MmsRules(100)), "n": st.just(MmsRules(10, shrinks=True))}
    ),
)


def admitted(
    directory: Directory, router: Router, number: str, sender: str, code: str | None, size: int
) -> NewMessage | Refusal:
    """Have a message judged and made as admission does."""
    attachments = (Attachment("image/png", bytes(size)),) if size else ()
    ask = MessageAsk(recipients=(number,), text="Hi", sender=sender, carrier=code, attachments=attachments)
    context = AdmissionContext(
        POLICY,
        directory,
        Submission(Caller(Presented(POLICY.name, "acme"), "127.0.0.1"), (ask,)),
        router,
        AccountRates(SystemClock()),
        [ResolvedRequest(ask)],
        ContentLimits(),
        has_content=bool(size),
        count=1,
        credential=CREDENTIAL,
        account=ACCOUNT,
    )
    order = rules.order_of(POLICY.checks)
    for check, question in (*order.before_credentials, *order.after_credentials):
        if check is not Check.CONTENT and (refusal := question(context)) is not None:  # it is no picture
            return refusal
    (message,) = messages_of(context, context.requests[0], [1], Deadlines(60, 60), 0)
    return message


@given(
    directories,
    routers,
    st.sampled_from(sorted(NUMBERS)),
    st.sampled_from(SENDERS),
    st.sampled_from([None, "1", "2"]),
    st.sampled_from([0, 5, 50, 500]),
)
def test_an_explanation_is_what_admission_stores(
    directory: Directory, router: Router, number: str, sender: str, code: str | None, size: int
) -> None:
    stored = admitted(directory, router, number, sender, code, size)
    carrier = "" if code is None else directory.carrier(POLICY.name, code) or ""
    content = Content(size + len("Hi")) if size else None
    found = explain(directory, router, Recipient(number, NUMBERS[number]), sender, carrier, content)
    if isinstance(stored, Refusal):
        assert stored.reason in {
            RefusalReason.NO_ROUTE,
            RefusalReason.NO_MMS_ROUTE,
            RefusalReason.CONTENT_TOO_LARGE,
        }
        assert found.links == ()
    else:
        backups = msgspec.json.decode(stored.backups, type=list[str]) if stored.backups else []
        assert [*found.links] == [stored.link, *backups]
        assert found.price == from_micros(stored.price_micros)
        chosen = [rule.route for rule in found.rules if rule.verdict == "chosen"]
        assert len(chosen) == 1
        assert set(found.links) <= set(chosen[0].links)


def test_of_a_long_table_only_what_is_near_is_shown() -> None:
    """A price list of a route for each of 20,000 carriers, and what matters somewhere among them."""
    others = [Route("b", f"other-{n}", country="SE" if n % 5000 == 0 else "DK") for n in range(20_000)]
    near = [Route("a", "telia", country="DK"), Route("c", country="SE"), Route("a", "telia", country="SE")]
    listed = [near[0], *others[:9000], near[1], *others[9000:], near[2]]
    directory = assemble(1, [ACCOUNT], [], [Carrier("telia", "SE", {}, ("4670",))], listed, [Price(1)])
    router = Router(dict.fromkeys("abc", PLAIN), lambda _: True, {})
    found = explain(directory, router, Recipient("46701234567", "SE"), "74700", "", None)
    assert [(rule.route, rule.verdict) for rule in found.rules if rule.route in near] == [
        (near[0], "country"),
        (near[1], "less telling"),
        (near[2], "chosen"),
    ]
    assert all(route in [rule.route for rule in found.rules] for route in others[::5000])
    assert (len(found.rules), found.left_out) == (NEIGHBOURS, len(listed) - NEIGHBOURS)
