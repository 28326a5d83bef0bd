-- Account shards that could not be asked when a person was erased, as a JSON list; the cron asks them again.
ALTER TABLE erasures ADD COLUMN shards_left TEXT NOT NULL DEFAULT '[]';
