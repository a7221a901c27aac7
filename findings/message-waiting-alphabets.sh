#!/bin/sh
# A handset's message whose TP-DCS is of a message waiting indication group (3GPP TS 23.038 §4): 1100 and 1101 are
# the GSM 7 bit default alphabet, 1110 is UCS-2. Three readers of SMS-DELIVER: smspdudecoder 2.2.0 (with bitstring 4.4.0),
# python-messaging 0.5.13 and node-pdu 2.1.1.
#
# Guess: all three read "hello" under C8 and "h" under E0; voicemail indications are as old as SMS itself.
# Seen:  none reads E0: its two octets become the septets "@P". The two of Python do not read C8 either, which they
#        take for UCS-2 or run out of octets; node-pdu reads it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
HEAD=00040B915121436587F900
SCTS=62110321430000
SEPTETS="${HEAD}C8${SCTS}05E8329BFD06"
UCS2="${HEAD}E0${SCTS}020068"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet smspdudecoder==2.2.0 bitstring==4.4.0 python-messaging==0.5.13
"$folder/venv/bin/python" - "$SEPTETS" "$UCS2" <<'PYTHON' | tee "$folder/said"
import sys

from messaging.sms import SmsDeliver
from smspdudecoder.easy import read_incoming_sms

for name, read in (
    ("smspdudecoder", lambda pdu: read_incoming_sms(pdu)["content"]),
    ("python-messaging", lambda pdu: SmsDeliver(pdu).text),
):
    for group, pdu in zip(("C8", "E0"), sys.argv[1:]):
        try:
            print(name, group, read(pdu))
        except Exception as fault:
            print(name, group, type(fault).__name__)
PYTHON
cd "$folder"
npm install --silent --no-fund --no-audit node-pdu@2.1.1
node -e '
const { parse } = require("node-pdu");
console.log("node-pdu C8", parse(process.argv[1]).data.getText());
console.log("node-pdu E0", parse(process.argv[2]).data.getText());
' "$SEPTETS" "$UCS2" | tee -a said
diff said - <<'SEEN'
smspdudecoder C8 UnicodeDecodeError
smspdudecoder E0 @P
python-messaging C8 IndexError
python-messaging E0 @P
node-pdu C8 hello
node-pdu E0 @P
SEEN
