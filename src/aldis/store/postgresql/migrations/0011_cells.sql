-- Cells: databases that share the directory and consents. A cell takes what was said in others in their order.
CREATE TABLE cell_taken (
    cell  text COLLATE "C" PRIMARY KEY,
    -- the last of its entries of `consent` that is here
    up_to bigint NOT NULL
);
-- in which other cell it was said; '': here
ALTER TABLE consent ADD COLUMN cell text COLLATE "C" NOT NULL DEFAULT '';
