"""Lets `python -m aldis` do what the `aldis` command does."""

from aldis.cli.main import main

if __name__ == "__main__":
    main()
