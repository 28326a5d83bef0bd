/** What is known about people goes after the time that the deployment says, and the chain stays whole. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertChains, exported } from './chain.mjs';
import { QUEUES, WORKER, shardOfLead, start } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

let world;
before(async () => {
  world = await start({ instrumented: true, vars: { RETENTION_DAYS: '30' } });
  await world.smallWorld(3);
});
after(() => world.close());

/** The cron of a whole turn: every hour asks other account shards. */
async function aTurn() {
  const worker = await world.mf.getWorker(WORKER);
  for (let hour = 0; hour < 8; hour += 1) {
    await worker.scheduled({ cron: '7 * * * *' });
    await world.control('clock', { add: HOUR_MS });
  }
}

test('old content goes, with what came of it; newer content and the chain stay', async () => {
  const old = [1, 2, 3].map((number) => newLead({ email: `old-${number}@kept.example` }));
  const ids = [];
  for (const lead of old) ids.push(assertDecision(await world.post(lead)).lead_id);
  await world.untilDrained(3);
  await world.deliver(['old letter'], QUEUES.DEAD_LETTERS);
  await world.control('clock', { add: 20 * DAY_MS });
  await aTurn();
  assert.equal((await exported(world)).filter(({ erased_at }) => erased_at).length, 0, 'nothing is due yet');
  await world.control('clock', { add: 11 * DAY_MS });
  // The second person wrote again, so the contact is of a newer lead.
  const recent = assertDecision(await world.post({ ...old[1], message: 'Still interested.' })).lead_id;
  await world.untilDrained(4);
  await aTurn();
  const lines = await exported(world);
  assertChains(lines);
  assert.deepEqual(lines.filter(({ erased_at }) => erased_at).map(({ lead_id }) => lead_id).sort(), [...ids].sort());
  const contacts = await world.rows('SELECT lead_id FROM contacts');
  assert.deepEqual(contacts, [{ lead_id: recent }]);
  assert.deepEqual(await world.rows('SELECT lead_id FROM assignments'), [{ lead_id: recent }]);
  assert.deepEqual((await world.ask('GET', '/v1/dead-letters')).dead_letters, []);
  const bodies = await world.objectRows('AccountShard', shardOfLead(recent), "SELECT lead_id FROM leads WHERE body <> ''");
  assert.deepEqual(bodies.map(({ lead_id }) => lead_id), [recent]);
  assert.equal((await world.ask('GET', `/v1/leads/${ids[0]}`)).state, 'erased');
  const { checks } = await world.ask('GET', '/v1/doctor');
  assert.equal(checks.find(({ name }) => name === 'hourly cron').status, 'ok');
});

test('a deployment with a retention that is no number says so', async () => {
  const other = await start({ vars: { RETENTION_DAYS: 'forever' } });
  try {
    assertRefused(await other.admin('GET', '/v1/doctor'), 503, 'misconfigured');
  } finally {
    await other.close();
  }
});
