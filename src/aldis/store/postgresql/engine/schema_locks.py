"""Advisory locks of those who change a database as a whole."""

#: of a transaction that changes the schema: "aldis" in ASCII
SCHEMA = 0x616C646973
#: of a connection that moves data from or to another database
MOVE = SCHEMA + 1
#: of a connection that drops old ranges
RANGES = SCHEMA + 2
