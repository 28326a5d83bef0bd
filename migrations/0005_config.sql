-- Every version of what a business configures, and which one is in force. KV holds a copy of what is in force and nothing else.
CREATE TABLE config_versions (
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  body TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, version)
) WITHOUT ROWID;
CREATE TABLE config_in_force (kind TEXT PRIMARY KEY, version TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID;
