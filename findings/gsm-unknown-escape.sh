#!/bin/sh
# 3GPP TS 23.038 §6.2.1.1: where the code behind an escape is in no table, the character of the main table at that
# code is shown. Two readers: gsm0338 1.1.0 (a codec) and smspdudecoder 2.2.0 (with bitstring 4.4.0).
#
# Guess: both read ESC, 'A' as "A", as handsets do.
# Seen:  gsm0338 refuses the octets as an invalid sequence; smspdudecoder gives a space and swallows the letter, so a
#        text in Turkish (national single shift table) loses its letters: "Sehir" with ESC before the S is " ehir".
#        gsm0338 takes an escape at the very end without a word.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gsm0338==1.1.0 smspdudecoder==2.2.0 bitstring==4.4.0
"$folder/venv/bin/python" - <<'PYTHON'
import gsm0338
from smspdudecoder.codecs import GSM


def packed(septets):
    value = sum(septet << (7 * at) for at, septet in enumerate(septets))
    return value.to_bytes((7 * len(septets) + 7) // 8, "little").hex().upper()


def by_codec(septets):
    try:
        return gsm0338.Codec().decode(septets)[0]
    except UnicodeDecodeError as fault:
        return fault.reason


seen = [
    (by_codec(b"\x1bA"), GSM.decode(packed(b"\x1bA"))),
    (by_codec(b"\x1bSehir"), GSM.decode(packed(b"\x1bSehir"))),
    (by_codec(b"a\x1b"), None),
]
print(*seen, sep="\n")
assert seen == [("invalid sequence", " "), ("invalid sequence", " ehir"), ("a", None)], seen
PYTHON
