/** What the platform provides fails at the worst moment: the sender is told to repeat, and nothing is lost or doubled. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { shardOfLead, start } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

let world;
beforeEach(async () => {
  world = await start({ instrumented: true });
  await world.smallWorld(3);
});
afterEach(() => world.close());

/** The lead ended as one assignment, with one delivery and one lead more for one rep. */
async function assertOnce({ lead_id: id, assignment }) {
  await world.untilDrained(1, id);
  const { reps } = await world.ask('GET', '/v1/reps');
  assert.deepEqual(reps.filter((rep) => rep.open_leads > 0).map((rep) => [rep.id, rep.open_leads]), [[assignment.rep_id, 1]]);
  assert.equal((await world.picks('smb', id)).length, 1);
  const { inbox } = await world.ask('GET', `/v1/reps/${assignment.rep_id}/inbox`);
  assert.deepEqual(inbox.map((entry) => entry.lead_id), [id]);
  const [head] = await world.objectRows('AccountShard', shardOfLead(id), 'SELECT count(*) AS n FROM leads');
  assert.equal(head.n, 1);
}

for (const [place, what] of [
  ['AccountShard INSERT INTO leads', 'the account shard cannot write a lead'],
  ['AccountShard INSERT INTO log', 'the account shard cannot write its outbox'],
  ['AccountShard INSERT INTO keys', 'the account shard cannot write a key'],
  ['RepPool INSERT INTO pool', 'the pool cannot write the state of its reps'],
  ['RepPool INSERT INTO answers', 'the pool cannot write its answer'],
]) {
  for (const [how, query] of [['waits', ''], ['does not wait', '?wait=0']]) {
    test(`${what}: a sender who ${how} repeats the lead, and it is assigned once`, async () => {
      const lead = newLead();
      await world.control('fail', { place, count: 1 });
      const first = await world.post(lead, { key: 'k', query });
      if (first.status !== 202) assertRefused(first, 503, 'unavailable');
      await assertOnce(assertDecision(await world.post(lead, { key: 'k' })));
    });
  }
}

test('the queue takes nothing: the account shard sends its outbox with the next alarm, once', async () => {
  world.expectErrors('outbox.flush_failed');
  await world.control('fail', { place: 'queue', count: 1 });
  const decision = assertDecision(await world.post(newLead()));
  await assertOnce(decision);
});

test('the configuration cannot be read: the last good one decides', async () => {
  // Telling the rep needs rules that this isolate may not have read yet; the queue repeats it.
  world.expectErrors('job.failed');
  assertDecision(await world.post(newLead()));
  await world.control('clock', { add: 120_000 });
  await world.control('fail', { place: 'KV', count: 1_000 });
  const answers = await Promise.all(Array.from({ length: 5 }, () => world.post(newLead())));
  for (const answer of answers) assertDecision(answer);
});

test('the configuration was never read and cannot be: the sender is told to repeat', async () => {
  // Writing the roster has emptied the memory of the configuration.
  await world.control('fail', { place: 'KV', count: 1_000 });
  const lead = newLead();
  assertRefused(await world.post(lead), 503, 'unavailable');
  await world.control('fail', { place: 'KV', count: 0 });
  await assertOnce(assertDecision(await world.post(lead)));
});

test('the database of the directory is down: a lead is decided on what it says itself', async () => {
  await world.control('fail', { place: 'D1', count: 1 });
  const decision = assertDecision(await world.post(newLead()));
  assert.equal(decision.enrichment.calls[0].result, 'unavailable');
  await assertOnce(decision);
});
