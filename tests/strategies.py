"""Hypothesis strategies that several tests share."""

from __future__ import annotations

from hypothesis import strategies as st

from aldis.sms.alphabet import DEFAULT_ALPHABET
from aldis.sms.national_tables import EXTENSION_TABLE

gsm_characters = st.sampled_from(
    [character for character in DEFAULT_ALPHABET if character != "\x1b"] + list(EXTENSION_TABLE.values())
)
gsm_texts = st.text(gsm_characters, max_size=700)
#: any text that a door lets in: everything but lone surrogates
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
msisdns = st.from_regex(r"[1-9][0-9]{6,14}", fullmatch=True)
