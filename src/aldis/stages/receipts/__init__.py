"""Receipts: takes what links hear and stores it in batches, before the carrier is told that we have it."""
