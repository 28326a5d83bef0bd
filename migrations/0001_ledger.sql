-- The ledger of decisions: a projection, filled through the queue, that the account shards can rebuild.
-- Ordered by time, so that pages and ranges need no further index and each decision costs one row.
CREATE TABLE decisions (
  at_ms INTEGER NOT NULL,
  decision_id TEXT NOT NULL,
  lead_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  tier TEXT,
  team TEXT,
  rep_id TEXT,
  source TEXT,
  form TEXT,
  mode TEXT NOT NULL,
  rubric_version TEXT NOT NULL,
  duplicate_of TEXT,
  reason TEXT,
  ms INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (at_ms, decision_id)
) WITHOUT ROWID;

-- The built-in CRM: people, companies, and who has which lead.
CREATE TABLE contacts (
  contact_id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  name TEXT,
  company TEXT,
  title TEXT,
  phone TEXT,
  country TEXT,
  account_domain TEXT,
  owner_rep_id TEXT,
  tier TEXT,
  lead_id TEXT NOT NULL,
  updated_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE accounts (
  domain TEXT PRIMARY KEY,
  name TEXT,
  owner_rep_id TEXT,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
) WITHOUT ROWID;

-- An assignment is also the rep's inbox entry, so it is ordered by rep.
CREATE TABLE assignments (
  rep_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  lead_id TEXT NOT NULL,
  team TEXT NOT NULL,
  tier TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  contact_id TEXT NOT NULL,
  PRIMARY KEY (rep_id, at_ms, lead_id)
) WITHOUT ROWID;

-- The account directory: the business's own list of companies.
CREATE TABLE directory (
  domain TEXT PRIMARY KEY,
  name TEXT,
  name_key TEXT,
  employees INTEGER,
  revenue_usd INTEGER,
  industry TEXT,
  country TEXT,
  named_account INTEGER NOT NULL DEFAULT 0,
  owner_rep_id TEXT,
  status TEXT,
  updated_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX directory_name ON directory (name_key);

-- Teams and reps as operators wrote them.
CREATE TABLE teams (id TEXT PRIMARY KEY, body TEXT NOT NULL, updated_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE reps (id TEXT PRIMARY KEY, body TEXT NOT NULL, updated_ms INTEGER NOT NULL) WITHOUT ROWID;

-- Messages that the queue gave up on.
CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  queue TEXT NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;
