"""The dialects, as customers meet them."""
