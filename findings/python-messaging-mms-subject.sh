#!/bin/sh
# python-messaging 0.5.13 reads and writes multimedia messages (OMA MMS encapsulation; Subject is an
# Encoded-string-value: text with an optional charset, by its MIBenum of IANA).
#
# Guess: a Subject in UTF-16 (1015) or UCS-2 (1000) is read, as one in UTF-8 (106) is; "h\u00e9" is written with a charset.
# Seen:  UTF-16 and UCS-2 give an empty subject without an error. A subject is written as Latin-1 octets with no
#        charset in front, and one that Latin-1 has no letters for raises OverflowError.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet python-messaging==0.5.13
"$folder/venv/bin/python" - <<'PYTHON'
from messaging.mms.message import MMSMessage

TEXT = "h\u00e9"


def read(charset, octets):
    subject = bytes([len(charset) + len(octets)]) + charset + octets
    message = b"\x8c\x84\x98T1\0\x8d\x90\x96" + subject + b"\x84\xa3\x00"
    return MMSMessage.from_data(message).headers["Subject"]


def written(subject):
    message = MMSMessage()
    message.headers.update({"Message-Type": "m-send-req", "Subject": subject})
    try:
        octets = bytes(message.encode())
    except OverflowError as fault:
        return type(fault).__name__
    return octets[octets.index(0x96) + 1 :].split(b"\0")[0]


seen = (
    read(b"\xea", TEXT.encode() + b"\0"),
    read(b"\x02\x03\xf7", TEXT.encode("utf-16-be") + b"\0\0"),
    read(b"\x02\x03\xe8", TEXT.encode("utf-16-be") + b"\0\0"),
    written(TEXT),
    written("\u65e5"),
)
print(*map(ascii, seen))
assert seen == (TEXT, "", "", b"h\xe9", "OverflowError"), seen
PYTHON
