"""Other people's tables and codecs as oracles for ours; where they are wrong, docs/quirks.md says why."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import smpplib.smpp
from gsmcodecs.charmaps import GSMCHARMAPS
from hypothesis import given
from hypothesis import strategies as st

from aldis.smpp import codec, tlv
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import Pdu, ShortMessageBody
from aldis.sms.alphabet import ESCAPE, from_septets, tables, to_septets
from aldis.sms.national_tables import RESERVED, Language

#: (language, septet) of locking shift tables in which gsmcodecs 1.0.0 has a slip: an apostrophe for the comma
#: in all languages of India, Bangladesh and Pakistan, and the printed second PA for Kannada's DDA
SLIPS = {(language, 0x2C): "," for language in range(4, 14)} | {(Language.KANNADA, 0x24): "\u0ca1"}


@pytest.mark.parametrize("locking", list(Language))
@pytest.mark.parametrize("single", list(Language))
def test_every_pair_of_shift_tables(locking: Language, single: Language) -> None:
    alphabet, extension = tables(locking, single)
    theirs = GSMCHARMAPS[locking].get("locking", GSMCHARMAPS[0]["locking"])["decode"]
    for septet in range(128):
        if septet == ESCAPE:
            continue
        expected = SLIPS.get((locking, septet)) or chr(theirs.get(septet, ord(RESERVED)))
        assert alphabet[septet] == expected
        assert from_septets(bytes((septet,)), locking, single) == expected
    shifted = {septet: chr(code) for septet, code in GSMCHARMAPS[single]["singleShift"]["decode"].items()}
    shifted.pop(ESCAPE)
    assert extension == shifted
    for septet, character in shifted.items():
        assert from_septets(bytes((ESCAPE, septet)), locking, single) == character
    for character in {*alphabet, *shifted.values()} - {RESERVED, "\x1b"}:
        assert from_septets(to_septets(character, locking, single), locking, single) == character


text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
octet = st.integers(0, 255)


def read_by_smpplib(octets: bytes, kind: str) -> Any:
    client = SimpleNamespace(allow_unknown_opt_params=True, next_sequence=lambda: 0)
    pdu = smpplib.smpp.make_pdu(kind, client=client, allow_unknown_opt_params=True)
    pdu.parse(octets)
    return pdu


@given(
    st.sampled_from(["submit_sm", "deliver_sm"]),
    st.tuples(text, text, octet, octet, octet, st.binary(min_size=1, max_size=200)),
    st.integers(1, 0x7FFFFFFF),
)
def test_smpplib_reads_what_we_write(kind: str, values: tuple[Any, ...], sequence: int) -> None:
    source, destination, ton, esm_class, data_coding, message = values
    body = ShortMessageBody(
        source_addr=source,
        destination_addr=destination,
        source_addr_ton=ton,
        esm_class=esm_class,
        data_coding=data_coding,
        short_message=message,
    )
    # it knows each tag only where the specification allows it
    tlvs = {tlv.RECEIPTED_MESSAGE_ID: b"abc\0"} if kind == "deliver_sm" else {0x0204: b"\x12\x34"}
    written = Pdu(CommandId[kind], sequence, body=body, tlvs=tlvs)
    read = read_by_smpplib(codec.encode(written), kind)
    assert (read.source_addr or b"").decode() == source
    assert (read.destination_addr or b"").decode() == destination
    assert (read.source_addr_ton, read.esm_class, read.data_coding) == (ton, esm_class, data_coding)
    assert read.short_message == message
    assert read.sequence == sequence
    if kind == "deliver_sm":
        assert read.receipted_message_id.rstrip(b"\0") == b"abc"
    else:
        assert read.user_message_reference == 0x1234


@given(text, text, st.binary(min_size=1, max_size=200), st.integers(1, 0x7FFFFFFF))
def test_we_read_what_smpplib_writes(source: str, destination: str, message: bytes, sequence: int) -> None:
    client = SimpleNamespace(sequence=sequence, next_sequence=lambda: sequence)
    pdu = smpplib.smpp.make_pdu(
        "submit_sm",
        client=client,
        source_addr=source,
        destination_addr=destination,
        short_message=message,
        data_coding=8,
        esm_class=0x40,
        registered_delivery=1,
    )
    read = codec.decode(pdu.generate())
    assert isinstance(read.body, ShortMessageBody)
    assert (read.body.source_addr, read.body.destination_addr) == (source, destination)
    assert (read.body.short_message, read.body.data_coding, read.body.esm_class) == (message, 8, 0x40)
    assert read.sequence_number == sequence
