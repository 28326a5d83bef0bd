/**
 * Rows that one lead writes, as the platform counts and bills them: `rowsWritten` of every statement in the Durable
 * Objects, one for each alarm that is set, and `rows_written` of every statement in the database. An entry of an
 * index counts as a row, a deletion too. The numbers are exact, so that a change that writes more has to say so here.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { shardOf, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';

const DOMAIN = 'rows.example';
const ACCOUNT_SHARD = shardOf(DOMAIN);

let world;
let count = 0;
before(async () => {
  world = await start({ instrumented: true });
  await world.smallWorld(3);
  // The first lead makes the tables.
  await rowsOf([colleague()]);
});
after(() => world.close());

/** A new person at the same company, so that it is always the same account shard; the directory is asked once a day. */
function colleague(fields) {
  count += 1;
  return newLead({ email: `person-${count}@${DOMAIN}`, ...fields });
}

/** What `leads` write until all of them are delivered and the account shard has forgotten what it sent. */
async function rowsOf(leads, { outcome = 'assigned', key } = {}) {
  // What earlier leads left behind: an alarm that is still to come would spare this lead its own.
  await world.ring(ACCOUNT_SHARD);
  await world.control('rows');
  const answers = await Promise.all(leads.map((lead) => world.post(lead, { key })));
  for (const answer of answers) await world.untilDrained(1, assertDecision(answer, outcome).lead_id);
  await until(async () => {
    const [{ n }] = await world.objectRows('AccountShard', ACCOUNT_SHARD, 'SELECT count(*) AS n FROM log');
    return n === 1;
  }, 'empty outbox');
  return written();
}

/** Rows by place and statement since the last time. */
async function written() {
  const rows = {};
  for (const { where, what, rows: number } of await world.control('rows')) {
    rows[`${where}: ${what}`] = (rows[`${where}: ${what}`] ?? 0) + number;
  }
  return rows;
}

const total = (rows) => Object.values(rows).reduce((sum, number) => sum + number, 0);

function assertRows(t, rows, expected) {
  const list = Object.entries(rows).map(([what, number]) => `${what} ${number}`);
  t.diagnostic(`${total(rows)} rows (${list.join(', ')})`);
  assert.deepEqual(rows, expected);
}

/** What every assigned lead writes. */
const ASSIGNED = {
  'RepPool: INSERT INTO pool': 1,
  'RepPool: INSERT INTO answers': 1,
  'AccountShard: INSERT INTO leads': 1,
  'AccountShard: INSERT INTO log': 1,
  'AccountShard: DELETE FROM log': 1,
  'AccountShard: alarm': 1,
  // Decision, contact and assignment; the account is there already.
  'D1: batch': 3,
};

test('a lead for which the cache has everything: 9 rows', async (t) => {
  assertRows(t, await rowsOf([colleague()]), ASSIGNED);
});

test('a lead for which somebody has to be asked first: 12 rows', async (t) => {
  // Another version of the directory makes the cached answer stale.
  const row = { domain: 'unrelated.example', name: 'Unrelated' };
  await world.ask('POST', '/v1/accounts:import', JSON.stringify(row), { headers: { 'content-type': 'application/x-ndjson' } });
  assertRows(t, await rowsOf([colleague()]), {
    ...ASSIGNED,
    // Accepted with the watchdog's entry in the index, then decided.
    'AccountShard: INSERT INTO leads': 3,
    // The watchdog, then the outbox.
    'AccountShard: alarm': 2,
    'D1: batch': 3,
  });
});

test('an Idempotency-Key: one row more', async (t) => {
  // In the same AccountShard: a account shard's first row makes its tables too.
  const keys = Array.from({ length: 2_000 }, (_, index) => `rows-${index}`);
  const key = keys.find((text) => shardOf(`intake\0\0${text}`, 'idempotency') === ACCOUNT_SHARD);
  assertRows(t, await rowsOf([colleague()], { key }), { ...ASSIGNED, 'AccountShard: INSERT INTO keys': 1 });
});

test('a duplicate: as many, for the answer of the pool is kept', async (t) => {
  const lead = colleague();
  await rowsOf([lead]);
  assertRows(t, await rowsOf([{ ...lead, message: 'One more question.' }]), ASSIGNED);
});

test('a rejected lead asks no pool and becomes no assignment: 6 rows', async (t) => {
  const rows = await rowsOf([colleague({ title: 'Student' })], { outcome: 'rejected' });
  assertRows(t, rows, {
    'AccountShard: INSERT INTO leads': 1,
    'AccountShard: INSERT INTO log': 1,
    'AccountShard: DELETE FROM log': 1,
    'AccountShard: alarm': 1,
    'D1: batch': 2,
  });
});

test('a burst shares its alarm: 30 colleagues at once', async (t) => {
  const rows = await rowsOf(Array.from({ length: 30 }, () => colleague()));
  t.diagnostic(`${(total(rows) / 30).toFixed(2)} rows per lead`);
  const { 'AccountShard: alarm': alarms, 'AccountShard: DELETE FROM log': deleted, ...rest } = rows;
  assert.ok(alarms <= 3, `${alarms} alarms`);
  assert.ok(deleted <= 30, `${deleted} deletions`);
  assert.deepEqual(rest, {
    'RepPool: INSERT INTO pool': 30,
    'RepPool: INSERT INTO answers': 30,
    'AccountShard: INSERT INTO leads': 30,
    'AccountShard: INSERT INTO log': 30,
    'D1: batch': 90,
  });
});

test('a repeated submission, a refused one and a dry run: nothing', async () => {
  const lead = colleague();
  await rowsOf([lead]);
  assertDecision(await world.post(lead));
  await world.post({ ...lead, email: 'nobody' });
  await world.ask('POST', '/v1/explain', colleague());
  assert.deepEqual(await written(), {});
});
