// The floor: what the platform itself costs for one lead. The same calls and the same rows as the router on its
// fast path, nothing parsed beyond the address, nothing decided. `GROUP=1` adds group commit: requests that
// arrive together share one transaction.
//
//   Worker  one KV read → one call to a account shard
//   account shard    one call to a Team → one write: lead row, log row; after the answer one queue message and the log row
//           before it deleted; the alarm armed when none is
//   Team    one write: state of the pool, the pick
//
// Sizes of the rows are those of the router's (a record of 6 KB, 0.8 KB of states). A change of the router's
// tables or calls has to be repeated here; the bench prints the rows written by both, which must agree.

import { DurableObject } from 'cloudflare:workers';

const SHARDS = 64;
const POOLS = ['amer', 'dach', 'emea', 'named', 'partners', 'smb'];
const RECORD = JSON.stringify({ record: 'r'.repeat(5600) });
const MESSAGE = JSON.stringify({ message: 'm'.repeat(7000) });
const REPLY = JSON.stringify({ reply: 'p'.repeat(720) });
const STATES = JSON.stringify({ states: 's'.repeat(800) });
const DECISION = JSON.stringify({ outcome: 'assigned', decision: 'd'.repeat(1850) });
const ALARM_MS = 2_000;

export default {
  async fetch(request, env) {
    if (request.method === 'GET') return new Response('ok');
    const text = await request.text();
    const email = /"email":"([^"]+)"/.exec(text)[1];
    const [person, domain] = email.split('@');
    await env.CACHE.get(`company:${domain}`);
    const hash = fnv(domain);
    const shard = env.ACCOUNT_SHARD.get(env.ACCOUNT_SHARD.idFromName(`shard-${hash % SHARDS}`));
    const decision = await shard.settle(`${hash.toString(16)}-${person}`, POOLS[hash % POOLS.length], text);
    return new Response(decision, { headers: { 'content-type': 'application/json' } });
  },

  queue() {},
};

function fnv(text) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** An object whose writes wait for each other's turn when `GROUP` is set, and happen at once when not. */
class Writer extends DurableObject {
  waiting = [];

  write(apply) {
    if (!this.env.GROUP) return apply();
    return new Promise((resolve, reject) => {
      this.waiting.push({ apply, resolve, reject });
      if (this.waiting.length === 1) setTimeout(() => this.flush(), 0);
    });
  }

  flush() {
    for (const { apply, resolve, reject } of this.waiting.splice(0)) {
      try {
        resolve(apply());
      } catch (error) {
        reject(error);
      }
    }
  }
}

export class account shard extends Writer {
  alarmAt = 0;

  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS leads (
        lead_id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, state TEXT NOT NULL, rep_id TEXT,
        received_ms INTEGER NOT NULL, wake_ms INTEGER, decision_no INTEGER NOT NULL, body TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS leads_wake ON leads (wake_ms) WHERE wake_ms IS NOT NULL;
      CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY, lead_id TEXT NOT NULL, hash TEXT NOT NULL) STRICT;`);
    this.seq = this.sql.exec('SELECT max(seq) AS seq FROM log').one().seq ?? 0;
  }

  async settle(leadId, pool, text) {
    await this.env.REP_POOL.get(this.env.REP_POOL.idFromName(pool)).pick(leadId);
    const seq = await this.write(() => this.record(leadId, text));
    this.ctx.waitUntil(this.deliver(leadId, seq));
    return DECISION;
  }

  record(leadId, text) {
    const now = Date.now();
    this.seq += 1;
    this.sql.exec(
      'INSERT OR REPLACE INTO leads VALUES (?, ?, ?, ?, ?, NULL, 1, ?)',
      leadId, 'f'.repeat(64), 'assigned', 'rep', now, RECORD + text,
    );
    this.sql.exec('INSERT INTO log VALUES (?, ?, ?)', this.seq, leadId, 'h'.repeat(64));
    if (this.alarmAt <= now) {
      this.alarmAt = now + ALARM_MS;
      this.ctx.storage.setAlarm(this.alarmAt);
    }
    return this.seq;
  }

  async deliver(leadId, seq) {
    await this.env.JOBS.sendBatch([{ body: MESSAGE, contentType: 'text' }]);
    await this.write(() =>
      this.sql.exec('DELETE FROM log WHERE seq <= ? AND seq < (SELECT max(seq) FROM log)', seq),
    );
  }

  alarm() {}
}

/** Bound, and never asked. */
export class Lookup extends Writer {}
export class RateLimiter extends Writer {}

export class RepPool extends Writer {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS pool (part TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS picks (
        lead_id TEXT NOT NULL, slot TEXT NOT NULL, reply TEXT NOT NULL, at_ms INTEGER NOT NULL,
        PRIMARY KEY (lead_id, slot)
      ) STRICT, WITHOUT ROWID;`);
  }

  pick(leadId) {
    return this.write(() => {
      this.sql.exec('INSERT OR REPLACE INTO pool VALUES (?, ?)', 'states', STATES);
      this.sql.exec('INSERT OR IGNORE INTO picks VALUES (?, ?, ?, ?)', leadId, 'any', REPLY, Date.now());
      return REPLY;
    });
  }
}
