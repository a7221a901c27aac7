"""Aldis: a self-hosted SMS gateway that takes customers' own HTTP dialects and speaks SMPP to carriers."""

__version__ = "0.1.0"
