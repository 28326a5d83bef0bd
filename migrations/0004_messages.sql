-- Messages to reps that can be changed later: where the one about a lead stands.
CREATE TABLE messages (
  lead_id TEXT NOT NULL,
  rep_id TEXT NOT NULL,
  posted TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (lead_id, rep_id)
) WITHOUT ROWID;
