#!/bin/sh
# phone 3.1.72 (npm) checks numbers and brings them to E.164.
#
# Guess: it follows the number plans of the years before its release: Benin's ten digits since 2024-11-30 (01 in front of
#        the old eight), Mexico without the mobile 1 since 2019, and it leaves an international number as it is.
# Seen:  Benin's present numbers are refused and the old ones taken; Mexico's 1 is kept, so one subscriber has two
#        numbers; Argentina's mobile 9 is taken away, which makes of a mobile number one of a landline.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit phone@3.1.72
node -e '
const { phone } = require("phone");
for (const number of ["+2290197000000", "+22997000000", "+5215500000000", "+525500000000", "+5491100000000"])
  console.log(number, phone(number).phoneNumber);
' | tee said
diff said - <<'SEEN'
+2290197000000 null
+22997000000 +22997000000
+5215500000000 +5215500000000
+525500000000 +525500000000
+5491100000000 +541100000000
SEEN
