"""The ways by which postbacks reach customers."""
