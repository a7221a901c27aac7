#!/bin/sh
# aiosmpplib 0.7.4 reads a receipt of SMPP v3.4 Appendix B with `DeliverSm.parse_receipt`.
#
# Guess: dates with seconds (YYMMDDhhmmss, which many SMSCs write) and an `err` with letters (Appendix B: an
#        alphanumeric field of 3) are read, or those fields are left out; id and stat are there in any case.
# Seen:  the whole receipt is refused with ValueError, id and stat with it. `err` must be a decimal number.
#
# For Aldis: what is odd in one field of a receipt costs that field only.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet aiosmpplib==0.7.4
"$folder/venv/bin/python" - <<'PYTHON'
from aiosmpplib import DeliverSm, PhoneNumber

TEXT = "id:7 sub:001 dlvrd:001 submit date:{date} done date:{date} stat:DELIVRD err:{err} text:"


def read(date, err):
    receipt = DeliverSm(
        short_message=TEXT.format(date=date, err=err),
        source=PhoneNumber("15550100"), destination=PhoneNumber("15550101"), esm_class=4, log_id="",
    )
    try:
        return receipt.parse_receipt()["stat"]
    except ValueError as fault:
        return f"ValueError: {fault}"


seen = {case: read(*case) for case in (("2611301200", "000"), ("261130120059", "000"), ("2611301200", "A12"))}
for case, answer in seen.items():
    print(*case, "->", answer)
assert seen == {
    ("2611301200", "000"): "DELIVRD",
    ("261130120059", "000"): "ValueError: unconverted data remains: 59",
    ("2611301200", "A12"): "ValueError: invalid literal for int() with base 10: 'A12'",
}, seen
PYTHON
