"""The sub-stores of the contract, a class each. Writes go to the one writer, reads to the connection that
suits them.

Point reads run on the event loop: they hit pages in memory, and in WAL mode no reader waits for the writer.
What scans runs in a thread.
"""
