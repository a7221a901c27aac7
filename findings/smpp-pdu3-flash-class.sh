#!/bin/sh
# smpp.pdu3 0.6 (of Jasmin's family) reads data_coding F0 to F7 as 3GPP TS 23.038 §4 has it: bit 2 the alphabet, bits 1 and 0
# the message class.
#
# Guess: F0 and F4 are class 0, which a handset shows at once (flash).
# Seen:  "no message class". F1 to F3 are classes 1 to 3, as they should be.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet smpp.pdu3==0.6
"$folder/venv/bin/python" - <<'PYTHON'
import struct
from io import BytesIO

from smpp.pdu.pdu_encoding import PDUEncoder


def read(data_coding):
    addresses = b"\0" + b"\x01\x01" + b"15550100\0" + b"\x01\x01" + b"15550101\0"
    body = addresses + bytes(7) + bytes([data_coding]) + b"\0\4test"
    pdu = struct.pack(">IIII", 16 + len(body), 5, 0, 1) + body
    return PDUEncoder().decode(BytesIO(pdu)).params["data_coding"].schemeData.msgClass.name


seen = [read(0xF0 + low) for low in range(8)]
print(seen)
assert seen == ["NO_MESSAGE_CLASS", "CLASS_1", "CLASS_2", "CLASS_3"] * 2, seen
PYTHON
