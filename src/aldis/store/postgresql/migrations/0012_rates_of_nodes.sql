-- JSON: what a gateway did each second since it said something last, for those that show what all do
ALTER TABLE node ADD COLUMN rates text COLLATE "C" NOT NULL DEFAULT '{}';
