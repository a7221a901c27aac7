"""What a short message is: alphabets, addresses, headers and segments (3GPP TS 23.038, TS 23.040). Pure."""
