#!/bin/sh
# smspdudecoder 2.2.0 asks for `bitstring` without an upper bound and is installed today with bitstring 5.
#
# Guess: what installs without a complaint can be imported.
# Seen:  `import smspdudecoder.easy` fails: bitstring 5.0.0 has no BitStream any more. With 4.4.0 it works.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
try() {
    "$folder/venv/bin/pip" install --quiet smspdudecoder==2.2.0 "bitstring==$1"
    "$folder/venv/bin/pip" check >"$folder/check" && echo "bitstring $1: no broken requirements"
    "$folder/venv/bin/python" -c 'import smspdudecoder.easy; print("imported")' 2>&1 | tail -n 1 | tee "$folder/said"
    grep -q "$2" "$folder/said"
}
try 4.4.0 '^imported$'
try 5.0.0 "^ImportError: cannot import name 'BitStream'"
