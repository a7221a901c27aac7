"""Links that speak SMPP to a carrier's SMSC."""
