"""What is multimedia: parts, SMIL, MM7."""
