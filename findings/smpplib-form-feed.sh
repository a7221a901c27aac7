#!/bin/sh
# smpplib 2.2.4 writes text for short_message with `smpplib.gsm.make_parts`.
#
# Guess: every character of the extension table (3GPP TS 23.038 §6.2.1.1) is written as an escape and its code.
# Seen:  the form feed is not: 00 0C, which handsets show as "@" and U+00F8, instead of 1B 0A. The nine others are.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet smpplib==2.2.4
"$folder/venv/bin/python" - <<'PYTHON'
from smpplib.gsm import make_parts

seen = {character: make_parts(character)[0][0].hex() for character in "\f^{}\\[~]|\u20ac"}
print(seen)
assert seen.pop("\f") == "000c"
assert all(len(octets) == 4 and octets.startswith("1b") for octets in seen.values()), seen
PYTHON
