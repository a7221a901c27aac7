"""The command line: one file a verb, gathered in `main.py`."""
