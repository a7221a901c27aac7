"""Letters and their marks are put together before a text is written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from tests.strategies import gsm_texts, texts

from aldis.sms.alphabet import writable
from aldis.sms.encoding import Encoding, compose, decode, encode
from aldis.sms.fitting import NO_OPTIONS, PLAIN, EncodingOptions, TextRules, fit
from aldis.sms.national_tables import Language

TURKISH = TextRules(languages=(Language.TURKISH,))


@pytest.mark.parametrize(
    ("text", "composed", "encoding"),
    [
        ("e\u0301te\u0301", "été", Encoding.GSM7),
        ("Gru\u0308\u00dfe", "Grüße", Encoding.GSM7),
        ("A\u030angstro\u0308m", "Ångström", Encoding.GSM7),
        ("5 \u2126, 3 \u212a, 1 \u212b, τι\u037e", "5 Ω, 3 K, 1 Å, τι;", Encoding.UCS2),
        ("5 \u2126, 3 \u212a, 1 \u212b\u037e", "5 Ω, 3 K, 1 Å;", Encoding.GSM7),
        ("u\u031b\u0301", "ứ", Encoding.UCS2),
        ("и\u0306", "й", Encoding.UCS2),
        ("\u1112\u1161\u11ab", "한", Encoding.UCS2),
        # what NFC would make longer, or another sign
        ("\u0958", "\u0958", Encoding.UCS2),
        ("\ufa19", "\ufa19", Encoding.UCS2),
        ("\u0958 e\u0301", "\u0958 é", Encoding.UCS2),
        ("☃", "☃", Encoding.UCS2),
    ],
)
def test_a_text_is_composed_before_its_alphabet_is_chosen(
    text: str, composed: str, encoding: Encoding
) -> None:
    for rules, options in ((PLAIN, NO_OPTIONS), (TURKISH, NO_OPTIONS), (PLAIN, EncodingOptions(smart=True))):
        fitted = fit(text, rules, options)
        assert (decode(fitted.encoded), fitted.encoded.encoding) == (composed, encoding)
    assert decode(fit(text, PLAIN, EncodingOptions(ucs2=True)).encoded) == composed


@given(gsm_texts)
def test_a_text_that_was_taken_apart_is_written_like_the_whole_one(text: str) -> None:
    assert encode(unicodedata.normalize("NFD", text)) == encode(text)


@given(texts)
def test_composing_changes_no_text_to_another_and_makes_none_longer(text: str) -> None:
    composed = compose(text)
    assert unicodedata.normalize("NFC", composed) == unicodedata.normalize("NFC", text)
    assert len(composed) <= len(text)
    assert compose(composed) == composed
    if unicodedata.is_normalized("NFC", text):
        assert composed == text


def test_what_a_table_has_is_composed_to_itself() -> None:
    for pair in ((0, 0), *((n, 0) for n in Language), *((0, n) for n in Language)):
        assert all(compose(chr(point)) == chr(point) for point in writable(*pair))
