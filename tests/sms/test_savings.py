"""What other settings would save."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import texts

from aldis.sms.fitting import NO_OPTIONS, PLAIN, DefaultAlphabet, EncodingOptions, TextRules, fit
from aldis.sms.national_tables import Language
from aldis.sms.savings import Saving, savings

PORTUGUESE = TextRules(languages=(Language.PORTUGUESE,))
SMART = EncodingOptions(smart=True)


@pytest.mark.parametrize(
    ("text", "rules", "options", "found"),
    [
        ("plain " * 100, PLAIN, NO_OPTIONS, []),
        ("ж" * 100, PLAIN, NO_OPTIONS, []),
        ("õ" * 80, PLAIN, NO_OPTIONS, [Saving(1, False, (Language.PORTUGUESE,))]),
        ("õ" * 80, PORTUGUESE, NO_OPTIONS, []),
        ("õ" * 80, TextRules(DefaultAlphabet.LATIN_1), NO_OPTIONS, []),
        ("õ" * 80, TextRules(DefaultAlphabet.UCS2_ONLY), NO_OPTIONS, []),
        ("’" * 80, PLAIN, NO_OPTIONS, [Saving(1, True, ())]),
        ("’" * 80, PLAIN, SMART, []),
        ("õ’" * 40, PORTUGUESE, NO_OPTIONS, [Saving(1, True, ())]),
        ("õ’" * 40, PLAIN, SMART, [Saving(1, False, (Language.PORTUGUESE,))]),
        ("õ’" * 40, PLAIN, NO_OPTIONS, [Saving(1, True, (Language.PORTUGUESE,))]),
        ("õ" * 67 * 256, PLAIN, NO_OPTIONS, [Saving(116, False, (Language.PORTUGUESE,))]),
    ],
)
def test_ways_that_need_fewer_segments(
    text: str, rules: TextRules, options: EncodingOptions, found: list[Saving]
) -> None:
    assert savings(text, rules, options) == found


@given(texts.filter(bool), st.sampled_from([PLAIN, PORTUGUESE]), st.sampled_from([NO_OPTIONS, SMART]))
def test_each_saves_what_it_says(text: str, rules: TextRules, options: EncodingOptions) -> None:
    now, found = fit(text, rules, options).segments, savings(text, rules, options)
    for saving in found:
        chosen = EncodingOptions(smart=saving.smart or options.smart)
        for language in saving.languages or rules.languages or (Language.DEFAULT,):
            with_it = TextRules(languages=(*rules.languages, language))
            assert fit(text, with_it, chosen).segments == saving.segments < now
    assert [saving.segments for saving in found] == sorted(
        (saving.segments for saving in found), reverse=True
    )
