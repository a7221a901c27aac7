-- Some carriers write an id all in upper or lower case in receipts: finds one with small letters, whatever their case.
CREATE INDEX segment_small_letters ON segment (link, upper(smsc_message_id)) WHERE smsc_message_id GLOB '*[a-z]*';
