"""What passes through the gateway: submissions, messages and their states, receipts, postbacks. Pure."""
