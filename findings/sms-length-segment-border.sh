#!/bin/sh
# sms-length 0.2.2 (npm) counts the messages that a text takes.
#
# Guess: a character of the extension table takes two septets, which a segment's border never parts (3GPP TS 23.040
#        §9.2.3.24.1 has no half characters): 152 letters, a euro sign and 152 letters are three segments, 152 + 153 + 1.
# Seen:  two. It divides 306 septets by 153. A form feed, of the same table, makes a text UTF-16.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit sms-length@0.2.2
node -e '
const { count } = require("sms-length");
for (const text of ["a".repeat(152) + "\u20ac" + "b".repeat(152), "[", "\f"]) {
  const { encoding, length, messages } = count(text);
  console.log(encoding, length, messages);
}
' | tee said
diff said - <<'SEEN'
GSM_7BIT_EXT 306 2
GSM_7BIT_EXT 2 1
UTF16 1 1
SEEN
