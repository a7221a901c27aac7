-- Who owns what only one may work on (`store/contract/ownership.py`); the epoch rises with each owner.
CREATE TABLE lease (
    resource TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
