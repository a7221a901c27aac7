"""What a link's quirks change on the wire, what they refuse, and the rate of a link that is throttled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import NOON, FakeClock
from tests.links.test_smpp import outbound

from aldis.errors import LocalProtocolError
from aldis.links.slow_down import LEAST_PER_S, SlowDown
from aldis.links.smpp.quirks import Quirks
from aldis.links.smpp.translate import Translator, is_receipt
from aldis.links.smpp.verdicts import judge
from aldis.smpp import codec, tlv
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import MessageIdBody, Pdu, ShortMessageBody
from aldis.sms.encoding import Encoding
from aldis.sms.fitting import PLAIN, DefaultAlphabet
from aldis.sms.national_tables import Language
from aldis.sms.segments import Splitting
from aldis.stages.sending.upstream import Accepted, Outbound
from aldis.traffic.receipt import alternative_ids

LONG: dict[str, Any] = {"number": 2, "total": 3, "message_id": 0x12345, "splitting": Splitting.SAR}


@pytest.mark.parametrize(
    ("quirks", "segment", "expected"),
    [
        (Quirks(), {}, {"source_addr_ton": 3, "data_coding": 0, "validity_period": ""}),
        (Quirks(), {"sender": "Aldis"}, {"source_addr_ton": 5, "source_addr_npi": 0}),
        (
            Quirks(prefix="+"),
            {"sender": "447700900002"},
            {"source_addr": "+447700900002", "destination_addr": "+447700900001", "source_addr_ton": 1},
        ),
        (
            Quirks(short_code=(6, 9), destination=(2, 8), service_type="VMN", registered_delivery=3),
            {},
            {
                "source_addr_ton": 6,
                "source_addr_npi": 9,
                "dest_addr_ton": 2,
                "dest_addr_npi": 8,
                "service_type": "VMN",
                "registered_delivery": 3,
            },
        ),
        (Quirks(validity="relative"), {}, {"validity_period": "000000010000000R"}),
        (Quirks(validity="absolute"), {}, {"validity_period": "261121130000000+"}),
        (Quirks(data_coding_gsm=0xF1), {}, {"data_coding": 0xF1}),
        (Quirks(), {"message_class": 0}, {"data_coding": 0x10}),
        (Quirks(data_coding_gsm=0xF1), {"message_class": 2}, {"data_coding": 0x12}),
        (Quirks(), {"message_class": 0, "encoding": Encoding.UCS2}, {"data_coding": 0x18}),
        (Quirks(), {"encoding": Encoding.OCTETS}, {"data_coding": 0x04, "esm_class": 0}),
        (
            Quirks(alphabet=DefaultAlphabet.LATIN_1),
            {"encoding": Encoding.OCTETS, "header": b"\x02\x04\x00", "octets": b"\x9f", "message_class": 1},
            {"data_coding": 0x15, "esm_class": 0x40, "short_message": b"\x02\x04\x00\x9f"},
        ),
        (Quirks(data_coding_ucs2=0x18), {"encoding": Encoding.UCS2}, {"data_coding": 0x18}),
        (
            Quirks(alphabet=DefaultAlphabet.LATIN_1),
            {"octets": b"\x04\x7e \x1b("},
            {"short_message": "èü {".encode("latin-1")},
        ),
        (
            Quirks(alphabet=DefaultAlphabet.GSM_PACKED),
            {"octets": b"hello"},
            {"short_message": bytes.fromhex("e8329bfd06")},
        ),
        (
            Quirks(alphabet=DefaultAlphabet.GSM_PACKED),
            {"octets": b"A", "header": b"\x05\x00\x03\x01\x02\x01"},
            {"short_message": b"\x05\x00\x03\x01\x02\x01\x82", "esm_class": 0x40},
        ),
    ],
)
def test_a_quirk_and_what_it_changes(
    quirks: Quirks, segment: dict[str, Any], expected: dict[str, Any]
) -> None:
    body, tlvs = Translator("link", quirks).to_submit_sm(outbound(**segment), NOON)
    assert {key: getattr(body, key) for key in expected} == expected
    assert tlvs == {}


def test_long_messages_by_sar_and_by_payload() -> None:
    sar = Translator("link", Quirks(splitting=Splitting.SAR))
    body, tlvs = sar.to_submit_sm(outbound(**LONG), NOON)
    assert (body.short_message, body.esm_class) == (b"hi", 0)
    assert tlvs == {
        tlv.SAR_MSG_REF_NUM: b"\x23\x45",
        tlv.SAR_TOTAL_SEGMENTS: b"\x03",
        tlv.SAR_SEGMENT_SEQNUM: b"\x02",
    }
    payload = Translator("link", Quirks(splitting=Splitting.PAYLOAD))
    body, tlvs = payload.to_submit_sm(outbound(number=0, total=3, octets=b"x" * 400), NOON)
    assert (body.short_message, tlvs) == (b"", {tlv.MESSAGE_PAYLOAD: b"x" * 400})
    codec.encode(Pdu(CommandId.submit_sm, 1, body=body, tlvs=tlvs))
    assert sar.to_submit_sm(outbound(), NOON)[1] == {}  # a short one needs none


TEMPLATES = [
    Quirks(),
    Quirks(prefix="+", service_type="VMN", registered_delivery=3, data_coding_gsm=0xF1),
    Quirks(validity="relative"),
    Quirks(validity="absolute", splitting=Splitting.SAR),
    Quirks(alphabet=DefaultAlphabet.GSM_PACKED, short_code=(6, 9), destination=(2, 8)),
]
WRITERS = [Translator("link", quirks) for quirks in TEMPLATES]


@given(
    st.sampled_from(WRITERS),
    st.builds(
        outbound,
        recipient=st.one_of(st.just("447700900001"), st.text(max_size=22)),
        sender=st.sampled_from(["74700", "447700900002", "Aldis", "", "a sender that is too long"]),
        number=st.integers(0, 3),
        total=st.integers(1, 3),
        encoding=st.sampled_from(Encoding),
        header=st.sampled_from([b"", b"\x05\x00\x03\x01\x02\x01"]),
        octets=st.one_of(st.just(b"hello"), st.binary(max_size=300)),
        priority=st.integers(0, 3),
        message_class=st.sampled_from([None, 0, 2]),
        splitting=st.sampled_from([Splitting.UDH_8, Splitting.SAR]),
    ),
)
def test_what_is_written_from_a_template_is_what_its_fields_say(
    translator: Translator, segment: Outbound
) -> None:
    """The translators live through all examples, and so do the templates that they remember."""
    try:
        body, tlvs = translator.to_submit_sm(segment, NOON)
        octets = codec.parameters(body, tlvs)
    except LocalProtocolError:
        with pytest.raises(LocalProtocolError):
            translator.write_submit_sm(segment, FakeClock())
    else:
        assert translator.write_submit_sm(segment, FakeClock()) == octets


@pytest.mark.parametrize(
    ("text", "form", "canonical"),
    [
        ("00ab", "as_is", "ab"),
        ("00abcdef0", "as_is", "ABCDEF0"),
        ("00Ab", "as_is", "Ab"),
        ("00Ab", "hex", "171"),
        (" 0x1F", "hex", "31"),
        ("NO-hex", "hex", "NO-hex"),
        ("0042", "decimal", "42"),
        ("", "hex", ""),
    ],
)
def test_an_id_in_the_form_that_is_compared(text: str, form: Any, canonical: str) -> None:
    assert Quirks(response_id=form).in_response(text) == canonical
    assert Quirks(receipt_id=form).in_receipt(text) == canonical


def test_ids_whose_form_is_known_at_both_ends_have_no_other_spelling() -> None:
    exact = Quirks(response_id="decimal", receipt_id="decimal")
    assert exact.in_response("0031") == exact.in_receipt("31")
    assert alternative_ids(exact.in_receipt("31")) == ()
    assert alternative_ids(Quirks().in_receipt("31")) != ()


def test_ids_of_different_forms_meet() -> None:
    quirks = Quirks(response_id="hex", receipt_id="decimal")
    accepted = judge(Pdu(CommandId.submit_sm_resp, 1, body=MessageIdBody("1F")), quirks)
    body = ShortMessageBody(esm_class=0x04, short_message=b"id:0000000031 stat:DELIVRD err:000")
    receipt = Translator("link", quirks).to_receipt(body, Pdu(CommandId.deliver_sm, 1, body=body), NOON)
    assert receipt is not None
    assert accepted == Accepted(receipt.smsc_message_id)


@given(
    st.binary(max_size=254),
    st.integers(0, 255),
    st.integers(0, 255),
    st.dictionaries(st.sampled_from(sorted(tlv.TAGS)), st.binary(max_size=80), max_size=4),
)
def test_no_delivery_raises(octets: bytes, esm_class: int, data_coding: int, tlvs: dict[int, bytes]) -> None:
    body = ShortMessageBody(esm_class=esm_class, data_coding=data_coding, short_message=octets)
    pdu = Pdu(CommandId.deliver_sm, 1, body=body, tlvs=tlvs)
    is_receipt(body, pdu)
    Translator("link", Quirks(receipt_id="hex")).to_receipt(body, pdu, NOON)


@pytest.mark.parametrize(
    ("quirks", "key"),
    [
        (Quirks(short_code=(1,)), "short_code"),
        (Quirks(destination=(1, 256)), "destination"),
        (Quirks(data_coding_gsm=256), "data_coding_gsm"),
        (Quirks(data_coding_gsm=8), "data_coding_gsm"),
        (Quirks(service_type="ж"), "service_type"),
        (Quirks(prefix="ж"), "prefix"),
        (Quirks(prefix="+00"), "prefix"),
        (Quirks(prefix="abc"), "prefix"),
        (Quirks(alphabet=DefaultAlphabet.LATIN_1, languages=("turkish",)), "languages"),
        (Quirks(service_type="TOOLONG"), "service_type"),
        (Quirks(interface_version="3.3", splitting=Splitting.SAR), "splitting"),
        (Quirks(receipt_pattern="("), "receipt_pattern"),
        (Quirks(receipt_pattern="(?P<id>x)"), "receipt_pattern"),
    ],
)
def test_quirks_that_make_no_sense(quirks: Quirks, key: str) -> None:
    assert [name for name, _ in quirks.faults()] == [key]


def test_the_text_rules_of_a_link() -> None:
    assert Quirks().text_rules is PLAIN
    assert Quirks(languages=("turkish",)).text_rules.languages == (Language.TURKISH,)
    assert Quirks(interface_version="5.0").version == 0x50


@pytest.mark.parametrize("when", [0.001, 0.01, 0.1, 0.5, 0.95])
def test_a_throttled_link_halves_its_rate_whenever_the_complaint_comes(when: float) -> None:
    slow = SlowDown(0.0)
    for _ in range(100):
        slow.submitted()
    assert slow.room(1.0) == float("inf")
    for _ in range(int(100 * when)):
        slow.submitted()
    slow.throttled(1.0 + when)
    assert slow.rate_per_s == pytest.approx(50, abs=5)
    slow.throttled(1.0 + when)  # one complaint a second counts
    assert slow.rate_per_s == pytest.approx(50, abs=5)
    assert slow.room(1.0 + when + 0.001) < 1
    slow.throttled(2.001)
    assert slow.rate_per_s == pytest.approx(25, abs=3)


def test_a_throttled_link_finds_back_also_when_it_is_idle() -> None:
    slow = SlowDown(0.0)
    for _ in range(100):
        slow.submitted()
    slow.throttled(1.0)
    rates: list[float | None] = []
    for moment in range(2, 12):
        slow.room(float(moment))
        rates.append(slow.rate_per_s)
    assert rates[:3] == pytest.approx([50, 55, 60.5])
    assert rates[-1] is None
    slow.throttled(20.0)
    assert slow.room(3600.0) == float("inf")


def test_a_link_that_is_throttled_to_nothing_still_tries_once_a_second() -> None:
    slow = SlowDown(0.0)
    for moment in range(30):
        slow.room(float(moment))
        slow.submitted()
        slow.throttled(moment + 0.5)
    assert slow.rate_per_s == LEAST_PER_S
    assert slow.room(31.0) >= 1


@pytest.mark.parametrize("cap", [20, 500])
def test_a_carrier_with_a_cap_is_used_to_a_good_part_of_it(cap: int) -> None:
    slow, now, taken, refused = SlowDown(0.0), 0.0, 0, 0
    under_way: list[float] = []
    taken_in_second: dict[int, int] = {}
    while now < 120:
        now += 0.01
        for _ in range(int(min(100 - len(under_way), slow.room(now)))):
            slow.submitted()
            under_way.append(now + 0.02)
        while under_way and under_way[0] <= now:
            second = int(under_way.pop(0))
            if taken_in_second.get(second, 0) < cap:
                taken_in_second[second] = taken_in_second.get(second, 0) + 1
                taken += 1
            else:
                refused += 1
                slow.throttled(now)
    assert taken / 120 > 0.6 * cap
    assert refused < 0.25 * taken
