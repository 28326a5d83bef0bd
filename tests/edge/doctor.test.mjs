/** The doctor finds nothing in a deployment that is well, and names each thing that is not. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

let world;
before(async () => {
  world = await start({
    instrumented: true,
    limits: { FORM_POSTS_PER_CLIENT: 1_000 },
    vars: { PDL_API_KEY: 'a key with blanks', TYPEFORM_SECRET: 'shh' },
  });
});
after(() => world.close());

const doctor = (query = '') => world.ask('GET', `/v1/doctor${query}`);
const problems = ({ checks }) => checks.filter(({ status }) => status === 'problem').map(({ code }) => code);
const line = ({ checks }, name) => {
  const found = checks.find((check) => check.name === name);
  assert.ok(found, `${name} in ${checks.map((check) => check.name).join(', ')}`);
  return found;
};

test('an empty deployment lacks its teams', async () => {
  const found = await doctor();
  assert.equal(found.status, 'problems');
  assert.match(line(found, 'teams of the rubric').message, /smb/);
});

test('every part of a deployment that is well has its line', async () => {
  await world.seedSampleWorld();
  const found = await until(async () => {
    const found = await doctor();
    return !problems(found).includes('missing_teams') && found;
  }, 'roster');
  const names = ['KV CONFIG', 'KV CACHE', 'D1 DB', 'queue JOBS', 'queue CRM_JOBS', 'queue NOTIFY_JOBS', 'object ACCOUNT_SHARD', 'object REP_POOL', 'object PROVIDER_LOOKUP', 'object RATE_LIMITER'];
  for (const name of [...names, 'counter FORM_POSTS_PER_CLIENT', 'rubric', 'roster', 'dead letters', 'sender typeform']) {
    assert.equal(line(found, name).status, 'ok', JSON.stringify(line(found, name)));
  }
  assert.equal(line(found, 'migration 0004_messages').status, 'ok');
  for (const name of ['counter FORM_POSTS_PER_FORM', 'hourly cron', 'RETENTION_DAYS']) assert.equal(line(found, name).status, 'off');
  assert.deepEqual(problems(found).filter((code) => code !== 'bad_key'), [], JSON.stringify(found.checks));
  assert.doesNotMatch(JSON.stringify(found), /shh|a key with blanks/, 'no secret is shown');
});

test('a key that cannot be one is named', async () => {
  const bad = (await doctor()).checks.filter(({ code }) => code === 'bad_key');
  assert.ok(bad.length > 0 && bad.every(({ message }) => message.includes('PDL_API_KEY')), JSON.stringify(bad));
});

test('the ledger is compared with the account shards', async () => {
  const { lead_id: id } = assertDecision(await world.post(newLead()));
  await world.untilDrained(1, id);
  assert.equal(line(await doctor('?deep=1'), 'chains').status, 'ok');
  await world.rows('DROP TRIGGER decisions_stay');
  await world.rows('DELETE FROM decisions WHERE lead_id = ?', id);
  assert.deepEqual(problems(await doctor('?deep=1')).filter((code) => code.startsWith('ledger')), ['ledger_behind']);
});

test('dead letters and a missing migration are problems', async () => {
  await world.deliver(['not json']);
  const found = await doctor();
  assert.match(line(found, 'dead letters').message, /^1 wait/);
  await world.rows('DROP TABLE events');
  assert.equal(line(await doctor(), 'migration 0003_audit').code, 'missing_migration');
});

test('a database that is down is one line and no error', async () => {
  await world.control('fail', { place: 'D1', count: 1_000 });
  const found = await doctor();
  await world.control('fail', { place: 'D1', count: 0 });
  assert.equal(line(found, 'D1 DB').code, 'unavailable');
  assert.equal(line(found, 'object ACCOUNT_SHARD').status, 'ok');
});

test('only operators may ask', async () => {
  assertRefused(await world.admin('GET', '/v1/doctor', undefined, { token: 'wrong' }), 401);
});
