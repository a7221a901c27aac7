-- How many processes in a row died while they had the message in hand. With traffic/message.py's
-- SUSPECT_CRASHES of them it is sent alone; one more, and it is set aside.
ALTER TABLE poison_message ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
