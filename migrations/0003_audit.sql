-- The ledger is append-only and can be checked by itself: every decision with the hash of its record, the hash of the
-- record before it in the same account shard, and its number there. The record comes last, so that everything else is read
-- without it.
CREATE TABLE decisions_next (
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
  domain TEXT,
  shard TEXT,
  seq INTEGER,
  hash TEXT,
  previous TEXT,
  erased_ms INTEGER,
  record TEXT NOT NULL,
  PRIMARY KEY (at_ms, decision_id)
) WITHOUT ROWID;

-- SQLite has no SHA-256, so the hash of an older record is taken from its text until that is erased.
INSERT INTO decisions_next (at_ms, decision_id, lead_id, outcome, tier, team, rep_id, source, form, mode,
  rubric_version, duplicate_of, reason, ms, domain, shard, previous, record)
SELECT at_ms, decision_id, lead_id, outcome, tier, team, rep_id, source, form, mode, rubric_version, duplicate_of,
  reason, ms, record ->> '$.facts.known."company.domain".value', printf('shard-%02x', (16
  * (instr('0123456789abcdef', substr(lead_id, 1, 1)) - 1) + instr('0123456789abcdef', substr(lead_id, 2, 1)) - 1) % 64),
  record ->> '$.previous', record FROM decisions;

DROP TABLE decisions;

ALTER TABLE decisions_next RENAME TO decisions;

-- A decision is written once. Writing it again is passed over, also by a statement that would replace it.
CREATE TRIGGER decisions_once BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions WHERE at_ms = NEW.at_ms AND decision_id = NEW.decision_id)
BEGIN SELECT RAISE(IGNORE); END;

CREATE TRIGGER decisions_stay BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no decision is deleted'); END;

-- The only change there is: what a decision says about the person is taken away, and its place in the chain stays. A
-- hash may be filled in where there was none.
CREATE TRIGGER decisions_change BEFORE UPDATE ON decisions
WHEN NOT (NEW.record = '{}' AND NEW.reason IS NULL AND NEW.domain IS NULL AND NEW.erased_ms IS NOT NULL
  AND NEW.hash IS NOT NULL AND (OLD.hash IS NULL OR NEW.hash = OLD.hash) AND OLD.erased_ms IS NULL
  AND (NEW.at_ms, NEW.decision_id, NEW.lead_id, NEW.outcome, NEW.mode, NEW.rubric_version, NEW.ms)
    = (OLD.at_ms, OLD.decision_id, OLD.lead_id, OLD.outcome, OLD.mode, OLD.rubric_version, OLD.ms)
  AND NEW.tier IS OLD.tier AND NEW.team IS OLD.team AND NEW.rep_id IS OLD.rep_id AND NEW.source IS OLD.source
  AND NEW.form IS OLD.form AND NEW.duplicate_of IS OLD.duplicate_of AND NEW.shard IS OLD.shard
  AND NEW.seq IS OLD.seq AND NEW.previous IS OLD.previous)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a decision can only be erased'); END;

-- What happened to a lead besides its decisions. Ordered by lead; the id tells which happening it is, so that it is
-- written once however often it is reported.
CREATE TABLE events (
  event_id TEXT PRIMARY KEY,
  lead_id TEXT,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  who TEXT NOT NULL,
  detail TEXT NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER events_once BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE event_id = NEW.event_id)
BEGIN SELECT RAISE(IGNORE); END;

CREATE TRIGGER events_stay BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: no event is deleted'); END;

CREATE TRIGGER events_change BEFORE UPDATE ON events
WHEN NOT (NEW.detail = '{}' AND NEW.event_id = OLD.event_id AND NEW.lead_id IS OLD.lead_id
  AND (NEW.at_ms, NEW.kind, NEW.who) = (OLD.at_ms, OLD.kind, OLD.who))
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: an event can only be erased'); END;

-- People who were erased, by keyed hash: what arrived from them before that is not written again.
CREATE TABLE erasures (person TEXT PRIMARY KEY, erased_ms INTEGER NOT NULL) WITHOUT ROWID;

-- Why a message is here, and which lead it is about.
ALTER TABLE dead_letters ADD COLUMN kind TEXT NOT NULL DEFAULT 'unreadable';

ALTER TABLE dead_letters ADD COLUMN lead_id TEXT;

ALTER TABLE dead_letters ADD COLUMN code TEXT NOT NULL DEFAULT 'gave_up';

ALTER TABLE dead_letters ADD COLUMN message TEXT NOT NULL DEFAULT '';

ALTER TABLE dead_letters ADD COLUMN tries INTEGER;

ALTER TABLE dead_letters ADD COLUMN sent_ms INTEGER;

UPDATE dead_letters SET kind = coalesce(body ->> '$.job', kind), lead_id = body ->> '$.lead_id' WHERE json_valid(body);
