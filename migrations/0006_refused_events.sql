-- What senders' fields mean, as operators wrote it.
CREATE TABLE senders (id TEXT PRIMARY KEY, body TEXT NOT NULL, updated_ms INTEGER NOT NULL) WITHOUT ROWID;

-- Events of senders that are no leads as they are. The body holds the fields by the sender's names, until the event is
-- taken in again, dismissed, or of a person who is erased.
CREATE TABLE refused_events (
  id TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  sender TEXT NOT NULL,
  codes TEXT NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;
