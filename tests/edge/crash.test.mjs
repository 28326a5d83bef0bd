/** The runtime is killed at the worst moments; a new one on the same storage loses nothing and does nothing twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newState, startFor, startKillable } from './killable.mjs';
import { WORKER, shardOfLead, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { PeopleDataLabs } from './people_data_labs.mjs';
import { assertDecision } from './shapes.mjs';

/** The watchdog comes 15 s after the lead; a slow machine gets as much again. */
const WATCHDOG_MS_MAX = 30_000;

/** A lead that only a provider can place: it is accepted while the provider thinks. */
const slowLead = (name) => ({
  email: `${name}@gmail.com`,
  linkedin_url: `https://www.linkedin.com/in/${name}`,
  first_name: 'Quentina',
});

/** Id of the only open lead in all account shards. */
function untilAccepted(world) {
  return until(async () => {
    const ids = await world.mf.listDurableObjectIds('ACCOUNT_SHARD', WORKER);
    for (const id of ids) {
      const storage = await world.mf.unsafeGetDurableObjectStorage(WORKER, 'AccountShard', { id });
      const [row] = await storage.exec("SELECT lead_id FROM leads WHERE state = 'open'");
      if (row) return row.lead_id;
    }
    return undefined;
  }, 'accepted lead');
}

/** The lead ended as one assignment: one line, one entry in the inbox, one lead more for one rep. */
async function assertAssignedOnce(world, leadId) {
  const lines = await world.ledger(leadId);
  assert.deepEqual(lines.map(({ outcome }) => outcome), ['assigned']);
  assert.equal((await world.picks('smb', leadId)).length, 1, 'one pick');
  const { reps } = await world.ask('GET', '/v1/reps');
  const open = reps.filter((rep) => rep.open_leads > 0).map((rep) => [rep.id, rep.open_leads]);
  assert.deepEqual(open, [[lines[0].rep_id, 1]]);
  const { inbox } = await world.ask('GET', `/v1/reps/${lines[0].rep_id}/inbox`);
  assert.deepEqual(inbox.map((entry) => entry.lead_id), [leadId]);
}

/** Accepts a lead and kills the runtime while the provider thinks; the storage, and the lead in it. */
async function killedBeforeDecision(t, name, query = '') {
  const state = newState();
  const provider = new PeopleDataLabs();
  const world = await startKillable(t, { state, provider });
  await world.smallWorld(3);
  provider.hang();
  const lead = slowLead(name);
  const answer = world.post(lead, { key: name, query }).then(({ status }) => status, () => 'cut off');
  const leadId = await untilAccepted(world);
  assert.equal((await world.admin('GET', `/v1/leads/${leadId}`)).body.state, 'open');
  if (query) await answer;
  await world.kill();
  assert.equal(await answer, query ? 202 : 'cut off');
  return { state, lead, key: name, leadId };
}

/** Waits for the watchdog of a new runtime. */
async function assertWatchedOver(t, { state, leadId }) {
  const world = await startFor(t, { state, provider: new PeopleDataLabs() });
  await world.untilDrained(1, leadId, WATCHDOG_MS_MAX);
  await assertAssignedOnce(world, leadId);
  assert.equal((await world.admin('GET', `/v1/leads/${leadId}`)).body.state, 'assigned');
}

/** The sender repeats the lead; later the watchdog finds nothing to do. */
async function assertTakenUp(t, { state, lead, key, leadId }) {
  const world = await startFor(t, { state, provider: new PeopleDataLabs() });
  const decision = assertDecision(await world.post(lead, { key }));
  assert.equal(decision.lead_id, leadId);
  await world.untilDrained(1, leadId);
  await world.control('clock', { add: 60_000 });
  await world.ring(shardOfLead(leadId));
  assert.deepEqual((await world.post(lead, { key })).body, decision);
  await assertAssignedOnce(world, leadId);
}

test('killed between accept and decision, a lead is assigned once', async (t) => {
  const abandoned = await killedBeforeDecision(t, 'abandoned');
  const answered = await killedBeforeDecision(t, 'answered-early', '?wait=0');
  const repeated = await killedBeforeDecision(t, 'repeated');
  await Promise.all([
    t.test('by the watchdog, when its sender is gone', (t) => assertWatchedOver(t, abandoned)),
    t.test('by the watchdog, when it was answered with 202', (t) => assertWatchedOver(t, answered)),
    t.test('at once, when its sender repeats it, and not again by the watchdog', (t) => assertTakenUp(t, repeated)),
  ]);
});

test('killed between decision and delivery, the decision is delivered and stays what it was', async (t) => {
  const state = newState();
  // The queue waits for more messages until it is killed with them.
  const world = await startKillable(t, { state, jobs: { maxBatchTimeout: 60 } });
  await world.smallWorld(3);
  const lead = newLead();
  const first = await world.post(lead, { key: 'undelivered' });
  const { lead_id: leadId } = assertDecision(first);
  assert.equal((await world.ledger(leadId)).length, 0);
  await world.kill();
  const next = await startFor(t, { state });
  await next.untilDrained(1, leadId);
  assert.equal((await next.post(lead, { key: 'undelivered' })).text, first.text);
  await assertAssignedOnce(next, leadId);
});

test('killed while 40 leads arrive, everything that was answered is kept, and the rest ends once', async (t) => {
  const state = newState();
  const world = await startKillable(t, { state });
  await world.smallWorld(3);
  // The local queue keeps in memory what the real one keeps on disk, so that nothing may wait in it when it is killed.
  world.expectErrors('outbox.flush_failed');
  await world.control('fail', { place: 'queue', count: 1_000 });
  const leads = Array.from({ length: 40 }, () => newLead());
  const key = (index) => ({ key: `burst-${index}` });
  let answered = 0;
  const posts = leads.map((lead, index) =>
    world.post(lead, key(index)).then(
      (answer) => {
        answered += 1;
        return answer;
      },
      () => undefined,
    ),
  );
  await until(() => answered >= 5, 'first answers');
  await world.kill();
  const before = await Promise.all(posts);
  const next = await startFor(t, { state });
  const after = await Promise.all(leads.map((lead, index) => next.post(lead, key(index))));
  for (const [index, answer] of after.entries()) {
    assertDecision(answer);
    if (before[index]) assert.equal(answer.text, before[index].text, 'an answer that was given stands');
  }
  const lines = await next.untilDrained(40);
  assert.equal(lines.length, 40);
  assert.equal(new Set(lines.map((line) => line.lead_id)).size, 40);
  const { reps } = await next.ask('GET', '/v1/reps');
  assert.equal(reps.reduce((sum, rep) => sum + rep.open_leads, 0), 40);
});
