"""What holds for a whole run of the tests, as plugins of pytest: its seed, its slow half, what it leaves behind."""
