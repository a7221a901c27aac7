"""Admission: judges a submission, encodes and routes it, stores it, and only then says yes."""
