"""Where others connect to us, whatever they then speak: accepted, counted by address, secured."""
