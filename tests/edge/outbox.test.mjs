/**
 * Every decision reaches the ledger, whatever happens to the queue between the account shard and the consumer. Each fault is
 * followed by the next lead of the same shard, by another instance of the object, and by a look at every sequence number.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { shardOfLead, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';

const HOUR_MS = 3_600_000;

let world;
before(async () => {
  world = await start({ instrumented: true });
  await world.smallWorld(3);
});
after(() => world.close());

const colleagues = (domain, count) =>
  Array.from({ length: count }, (_, index) => newLead({ email: `person.${index}@${domain}`, company: domain }));

const decide = async (lead) => assertDecision(await world.post(lead)).lead_id;

const outboxOf = (shard) => world.objectRows('AccountShard', shard, 'SELECT seq, record FROM log ORDER BY seq');

/** The ledger has every number of a shard from 1 on, once, and the shard keeps nothing but the head of its chain. */
async function assertComplete(shard) {
  await until(async () => {
    const [{ seq: last }] = (await outboxOf(shard)).slice(-1);
    const rows = await world.rows('SELECT seq FROM decisions WHERE shard = ? ORDER BY seq', shard);
    return rows.length === last && rows.every(({ seq }, index) => seq === index + 1);
  }, `every record of ${shard} in the ledger`);
  await until(async () => (await outboxOf(shard)).length === 1, `an empty outbox of ${shard}`);
  assert.deepEqual((await outboxOf(shard)).map(({ record }) => record), [null]);
}

test('a send fails and the next lead of the shard is sent: both are in the ledger', async () => {
  world.expectErrors('outbox.flush_failed');
  const [first, second] = colleagues('fails-then-succeeds.example', 2);
  await world.control('fail', { place: 'queue', count: 1 });
  const id = await decide(first);
  await until(() => world.events('outbox.flush_failed').length > 0, 'a failed send');
  await decide(second);
  const shard = shardOfLead(id);
  await until(async () => (await world.ledger()).length >= 1, 'the second lead');
  await world.control('clock', { add: HOUR_MS });
  await world.ring(shard);
  await assertComplete(shard);
});

test('a send gets no answer and the next lead of the shard is sent: both are in the ledger', async () => {
  const [first, second] = colleagues('hangs-then-succeeds.example', 2);
  await world.control('hang', { count: 1 });
  const shard = shardOfLead(await decide(first));
  await decide(second);
  await world.control('clock', { add: HOUR_MS });
  await world.ring(shard);
  await assertComplete(shard);
});

test('the queue is down for several alarms: the shard goes on trying, and wakes leads meanwhile', async () => {
  world.expectErrors('outbox.flush_failed', 'shard.alarm_failed');
  const [lead] = colleagues('down-for-long.example', 1);
  await world.control('fail', { place: 'queue', count: 1_000 });
  const shard = shardOfLead(await decide(lead));
  for (let round = 0; round < 3; round += 1) {
    await world.control('clock', { add: HOUR_MS });
    await world.ring(shard);
    assert.equal((await outboxOf(shard)).length >= 1, true);
  }
  await world.control('fail', { place: 'queue', count: 0 });
  await world.control('clock', { add: HOUR_MS });
  await world.ring(shard);
  await assertComplete(shard);
});

test('a lead that is decided, declined and decided again while the queue is down is two records', async () => {
  world.expectErrors('outbox.flush_failed', 'shard.alarm_failed');
  const [lead] = colleagues('declined-meanwhile.example', 1);
  await world.control('fail', { place: 'queue', count: 1_000 });
  const id = await decide(lead);
  const declined = await world.admin('POST', `/v1/leads/${id}/decline`, {});
  assert.equal(declined.status, 200, declined.text);
  await world.control('fail', { place: 'queue', count: 0 });
  await world.control('clock', { add: HOUR_MS });
  await world.ring(shardOfLead(id));
  await assertComplete(shardOfLead(id));
  const decisions = await world.rows('SELECT decision_id FROM decisions WHERE lead_id = ? ORDER BY seq', id);
  assert.deepEqual(decisions.map(({ decision_id }) => decision_id), [`${id}-1`, `${id}-2`]);
});

test('a record that is larger as encoded than a message is delivered by its number', async () => {
  const fields = Object.fromEntries(Array.from({ length: 22 }, (_, index) => [`field_${index}`, '"'.repeat(1_500)]));
  const id = await decide(newLead(fields));
  await assertComplete(shardOfLead(id));
  const [{ record }] = await world.rows('SELECT record FROM decisions WHERE lead_id = ?', id);
  assert.ok(JSON.stringify({ deliver: { lead_id: id, seq: 1, record } }).length > 120_000, 'the case is not met');
});

test('a message that the queue loses is sent again after a while', async () => {
  const [lead] = colleagues('lost-by-the-queue.example', 1);
  await world.control('lose', { count: 1 });
  const id = await decide(lead);
  const shard = shardOfLead(id);
  await until(async () => (await world.control('lost')) === 1, 'the loss');
  assert.deepEqual(await world.ledger(id), []);
  await world.control('clock', { add: HOUR_MS });
  await world.ring(shard);
  await assertComplete(shard);
});

test('the database is down for six hours: what was decided meanwhile is in the ledger afterwards', async () => {
  world.expectErrors('job.failed');
  const ids = [];
  await world.control('fail', { place: 'D1', count: 1_000_000 });
  for (const lead of colleagues('six-hours.example', 5)) ids.push(await decide(lead));
  await until(() => world.events('job.failed').length > 0, 'a failed delivery');
  await world.control('clock', { add: 6 * HOUR_MS });
  await world.control('fail', { place: 'D1', count: 0 });
  await world.ring(shardOfLead(ids[0]));
  await assertComplete(shardOfLead(ids[0]));
});
