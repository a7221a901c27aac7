"""What decides, whichever backend keeps it: backends load what a rule asks for, and write what it says."""
