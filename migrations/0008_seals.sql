-- What the deployment's key says about a row, so that a row written by anybody else shows: `seal` of what stays of a
-- decision when its person is erased, `erasure` of the erasure itself, `seal` of an event with and without its detail.
ALTER TABLE decisions ADD COLUMN seal TEXT;
ALTER TABLE decisions ADD COLUMN erasure TEXT;
ALTER TABLE events ADD COLUMN seal TEXT;
