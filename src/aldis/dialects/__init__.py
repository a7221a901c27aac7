"""The HTTP dialects that customers already speak, each a pure translation both ways. No I/O, no clock."""
