-- How often a receipt was matched on a link by another spelling of its id.
CREATE TABLE respelled_receipt (
    link  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
