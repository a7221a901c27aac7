"""What a store must do: a `Store` is a record of sub-stores, each a Protocol beside the records it takes and
gives.
"""
