-- What the last day's minutes were like, for the console's charts; at is Unix seconds, the sample msgpack
-- (operating/readings.py).
CREATE TABLE minute (
    at     INTEGER PRIMARY KEY,
    sample BLOB NOT NULL
) STRICT;
