"""`aldis segments` and `aldis decode`, which look at one text and one PDU."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from aldis.cli.decode import decode
from aldis.cli.main import aldis
from aldis.cli.segments import segments
from aldis.errors import GatewayError, SettingsError

SUBMIT = (
    "00000042 00000004 00000000 00000002 00 05 00 416c64697300 01 01 34343737303039303030303100"
    "40 00 00 00 00 01 00 08 00 0a 050003010201 0436 0439 0204 0002 1234"
)


def found(*arguments: str) -> dict[str, object]:
    return dict(json.loads(CliRunner().invoke(segments, [*arguments, "--json"]).stdout))


def test_what_a_text_needs_and_what_forced_it() -> None:
    said = found("Привет, ☃!")
    assert (said["encoding"], said["segments"], said["units_a_segment"]) == ("UCS2", 1, 70)
    forced = said["forced_ucs2"]
    assert isinstance(forced, list)
    assert {"character": "☃", "name": "SNOWMAN", "times": 1} in forced
    assert len(forced) == 7


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("a" * 161,), ("GSM7", 2, 153)),
        (("a" * 161, "--splitting", "udh16"), ("GSM7", 2, 152)),
        (("ş" * 100, "--language", "turkish"), ("GSM7", 1, 155)),
        (("it’s", "--smart"), ("GSM7", 1, 160)),
        (("5 €", "--alphabet", "latin1"), ("UCS2", 1, 70)),
        (("a" * 400, "--splitting", "payload"), ("GSM7", 3, 153)),
    ],
)
def test_how_an_upstream_changes_it(arguments: tuple[str, ...], expected: tuple[str, int, int]) -> None:
    said = found(*arguments)
    assert (said["encoding"], said["segments"], said["units_a_segment"]) == expected
    contents = said["contents"]
    assert isinstance(contents, list)
    assert len(contents) == (1 if "payload" in arguments else said["segments"])


def test_segments_for_people() -> None:
    shown = CliRunner().invoke(segments, ["-", "--smart"], input="it’s " + "long " * 40).output
    for part in ("encoding  GSM7", "segments  2", "replaced", "05 00 03 00 02 01", "153"):
        assert part in shown


def test_what_would_be_cheaper() -> None:
    said = found("õ" * 80)
    assert said["cheaper"] == [{"segments": 1, "smart": False, "languages": ["portuguese"]}]
    shown = CliRunner().invoke(segments, ["l’été " * 30]).output
    assert "cheaper   2 segments with --smart\n" in shown
    shown = CliRunner().invoke(segments, ["L’été français " * 8]).output
    assert (
        "cheaper   1 segment with --smart --language turkish or spanish or portuguese, whose tables" in shown
    )
    assert "cheaper" not in CliRunner().invoke(segments, ["plain"]).output


def test_what_was_composed_is_told_from_what_was_replaced() -> None:
    said = found("e\u0301té")
    assert (said["encoding"], said["composed"], said["replaced"]) == ("GSM7", True, False)
    said = found("e\u0301té’s", "--smart")
    assert (said["encoding"], said["composed"], said["replaced"]) == ("GSM7", True, True)
    assert "composed" in CliRunner().invoke(segments, ["e\u0301té"]).output


@pytest.mark.parametrize(("text", "fault"), [("ж" * 67 * 256, "255 segments"), ("\ud800", "lone surrogate")])
def test_texts_that_cannot_be_sent(text: str, fault: str) -> None:
    ended = CliRunner().invoke(segments, [text])
    assert isinstance(ended.exception, GatewayError)
    assert fault in str(ended.exception)


def test_a_pdu_field_by_field() -> None:
    shown = CliRunner().invoke(decode, [SUBMIT]).output
    for part in (
        "submit_sm",
        "§4.4.1",
        "alphanumeric",
        "segment 1 of 2",
        "user_message_reference",
        "4660 (0x1234)",
        "UCS2",
        "'жй'",
        "user data header",
    ):
        assert part in shown


def test_several_pdus_and_a_receipt_as_json() -> None:
    receipt = b"id:7 stat:DELIVRD err:000".hex()
    octets = f"0000003a 00000005 00000000 00000001 00 000000 000000 04 00 00 00 00 00 00 00 00 19 {receipt}"
    ended = CliRunner().invoke(decode, ["-", "--json"], input=f"00000010:00000015:00000000:00000009 {octets}")
    enquire, delivery = json.loads(ended.stdout)
    assert enquire[1]["meaning"] == "enquire_link"
    assert {
        "name": "receipt",
        "value": "7",
        "meaning": "DELIVERED, error 000",
        "clause": "Appendix B",
    } in delivery


def test_a_bind_hides_its_password() -> None:
    bind = "00000022 00000009 00000000 00000001 616c64697300 73656372657400 00 34 00 00 00"
    shown = CliRunner().invoke(decode, [bind]).output
    assert "(hidden)" in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("octets", "kind", "fault"),
    [
        ("xyz", SettingsError, "no octets"),
        ("00000010000000150000", GatewayError, "no whole PDU"),
        ("00000010 00000004 00000000 00000001", GatewayError, "ends inside its mandatory parameters"),
        ("00000010 00000111 00000000 00000001", GatewayError, "unknown command_id"),
    ],
)
def test_what_is_no_pdu(octets: str, kind: type[Exception], fault: str) -> None:
    ended = CliRunner().invoke(decode, [octets])
    assert isinstance(ended.exception, kind)
    assert fault in str(ended.exception)


@pytest.mark.parametrize(
    ("octet", "meaning"),
    [
        ("20", "GSM7, compressed"),
        ("48", "UCS2, to be deleted once it is read"),
        ("c8", "GSM7, waiting voicemail on"),
        ("d1", "GSM7, waiting fax off, stored"),
    ],
)
def test_a_data_coding_in_words(octet: str, meaning: str) -> None:
    pdu = f"00000021 00000005 00000000 00000001 00 000000 000000 00 00 00 00 00 00 00 {octet} 00 00"
    assert meaning in CliRunner().invoke(decode, [pdu]).output


def test_both_are_listed() -> None:
    listed = CliRunner().invoke(aldis, ["--help"]).output
    assert "segments" in listed
    assert "decode" in listed


def test_a_tag_that_is_no_number_any_more_is_shown_as_octets() -> None:
    octets = "000007e5 80000004 00000000 00000001 00 0204 07d0 " + "ab" * 2000
    shown = CliRunner().invoke(decode, [octets])
    assert shown.exit_code == 0
    assert "ab ab ab" in shown.output
