#!/bin/sh
# smpp 0.5.1 (npm) writes short_message in the alphabet that data_coding names.
#
# Guess: a letter that the GSM alphabet lacks is written as a question mark, as the library does with Latin-1, or is an error.
# Seen:  as octet 00, which is "@": a c with cedilla or a Polish L comes as "@" at the handset. The same under data_coding 1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit smpp@0.5.1
node -e '
const { PDU } = require("smpp");
for (const data_coding of [0, 1, 3]) {
  const octets = new PDU("submit_sm", { data_coding, short_message: "a\u00e7\u0141" }).toBuffer();
  console.log(data_coding, octets.subarray(-3).toString("hex"), PDU.fromBuffer(octets).short_message.message);
}
' | tee said
diff said - <<'SEEN'
0 610000 a@@
1 610000 a@@
3 61e73f aç?
SEEN
