-- Settings of forms as operators wrote them.
CREATE TABLE forms (id TEXT PRIMARY KEY, body TEXT NOT NULL, updated_ms INTEGER NOT NULL) WITHOUT ROWID;
