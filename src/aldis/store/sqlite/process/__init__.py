"""Where the writer runs: in a process of its own or in a thread, and what is said between."""
