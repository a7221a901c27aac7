-- As 0024, of the mobiles of Mauritius, Ecuador and Georgia. What is known already stays as it is.

-- how a spelling looks, what of it stays in front, what stands in place of the rest, and from where it goes on
CREATE TEMP TABLE renumbering (shape TEXT, kept INTEGER, put TEXT, follows INTEGER);
INSERT INTO renumbering VALUES
    ('2302[59][0-9][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('23052[59][0-9][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('23042[39][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('230542[39][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('23047[2-9][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('230547[2-9][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('23049[1-9][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('230549[1-9][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('2307[0-9][0-9][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('23057[0-9][0-9][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('2308[256][0-9][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('23058[256][0-9][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('23087[15-8][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('230587[15-8][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('2309[0-8][0-9][0-9][0-9][0-9][0-9]', 0, '2305', 4),
    ('23059[0-8][0-9][0-9][0-9][0-9][0-9]', 0, '230', 5),
    ('59339[0-9][0-9][0-9][0-9][0-9][0-9]', 0, '5939', 4),
    ('593939[0-9][0-9][0-9][0-9][0-9][0-9]', 0, '593', 5),
    ('593[5-7][89][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '5939', 4),
    ('5939[5-7][89][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '593', 5),
    ('593[89][0-9][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '5939', 4),
    ('5939[89][0-9][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '593', 5),
    ('9955[578][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '9955', 4),
    ('99555[578][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '995', 5),
    ('99568[0-9][0-9][0-9][0-9][0-9][0-9]', 0, '9955', 4),
    ('995568[0-9][0-9][0-9][0-9][0-9][0-9]', 0, '995', 5),
    ('9957[014789][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '9955', 4),
    ('99557[014789][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '995', 5),
    ('9959[1-35-9][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '9955', 4),
    ('99559[1-35-9][0-9][0-9][0-9][0-9][0-9][0-9]', 0, '995', 5);

CREATE TEMP TABLE spelling AS
WITH RECURSIVE reached (msisdn, other) AS (
    SELECT msisdn, msisdn FROM (SELECT msisdn FROM opt_out UNION SELECT msisdn FROM opt_in)
    WHERE substr(msisdn, 1, 3) IN ('230', '593', '995')
    UNION
    SELECT known.msisdn, substr(known.other, 1, r.kept) || r.put || substr(known.other, r.follows)
    FROM reached known JOIN renumbering r ON known.other GLOB r.shape)
SELECT msisdn, other FROM reached WHERE other <> msisdn;

INSERT INTO consent (sender, topic, msisdn, kind, source, words, at)
SELECT c.sender, c.topic, s.other, c.kind, c.source, c.words, c.at FROM opt_out o
JOIN spelling s USING (msisdn)
JOIN consent c ON c.entry_id = (
    SELECT max(entry_id) FROM consent WHERE msisdn = o.msisdn AND sender = o.sender AND topic = '' AND kind = 'opt_out')
WHERE NOT EXISTS (SELECT 1 FROM opt_out known WHERE known.sender = o.sender AND known.msisdn = s.other);

INSERT OR IGNORE INTO opt_out SELECT o.sender, s.other, o.since_at FROM opt_out o JOIN spelling s USING (msisdn);

DELETE FROM opt_in WHERE (sender, msisdn) IN (
    SELECT sender, msisdn FROM opt_out WHERE msisdn IN (SELECT other FROM spelling));

INSERT INTO consent (sender, topic, msisdn, kind, source, words, at)
SELECT c.sender, c.topic, s.other, c.kind, c.source, c.words, c.at FROM opt_in i
JOIN spelling s USING (msisdn)
JOIN consent c ON c.entry_id = (
    SELECT max(entry_id) FROM consent WHERE msisdn = i.msisdn AND sender = i.sender AND topic = i.topic AND kind = 'opt_in')
WHERE NOT EXISTS (
    SELECT 1 FROM opt_in known WHERE known.sender = i.sender AND known.topic = i.topic AND known.msisdn = s.other);

INSERT OR IGNORE INTO opt_in SELECT i.sender, i.topic, s.other, i.since_at FROM opt_in i JOIN spelling s USING (msisdn);

DROP TABLE spelling;
DROP TABLE renumbering;
