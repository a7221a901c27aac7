#!/bin/sh
# node-pdu 2.1.1 writes SMS-SUBMIT and chooses the alphabet by itself.
#
# Guess: a euro sign is written in the GSM 7 bit alphabet, by its extension table (3GPP TS 23.038 §6.2.1.1), as the
#        library reads it; 152 letters, a euro sign and 20 letters are two segments.
# Seen:  a euro sign makes the message UCS-2: three segments. A bracket of the same table does not. A form feed, also of that table, is written as a space.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit node-pdu@2.1.1
node -e '
const { Submit } = require("node-pdu");
for (const text of ["[", "\u20ac", "\f", "a".repeat(152) + "\u20ac" + "b".repeat(20)]) {
  const submit = new Submit("+15550100", text);
  const parts = submit.getPartStrings();
  console.log(JSON.stringify(text.slice(-3)), "coding", submit.dataCodingScheme.getValue(), "segments", parts.length, parts.length === 1 ? parts[0].slice(-6) : "");
}
' | tee said
diff said - <<'SEEN'
"[" coding 0 segments 1 021B1E
"€" coding 8 segments 1 0220AC
"\f" coding 0 segments 1 000120
"bbb" coding 8 segments 3 
SEEN
