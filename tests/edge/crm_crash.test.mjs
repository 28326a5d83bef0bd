/** What the CRM is told is told once: when the consumer dies in the middle, when messages come again, when D1 is down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertChains, exported } from './chain.mjs';
import {
  CRM_QUEUE, OWNER_OF, VARS, assertEachOnce, contactsOf, playHubspot, sellers, untilWritten, writtenOf,
} from './hubspot.mjs';
import { newState, startFor, startKillable } from './killable.mjs';
import { QUEUES, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';

const LEADS = 8;

/** A vendor that outlives every runtime, and can do what it is asked without an answer that arrives. */
class Outliving {
  constructor(played) {
    Object.assign(this, { played, settings: played.settings });
  }

  async answer(request) {
    const { method, url } = request;
    const answer = await this.played.answer(request);
    if (!this.lost?.is(`${method} ${new URL(url).pathname}`)) return answer;
    const { found } = this.lost;
    this.lost = null;
    return new Promise((resolve) => {
      this.letGo = () => resolve(answer);
      found();
    });
  }

  /** The answer to the next such call never arrives; resolves when the vendor has done what it asks. */
  loseAnswer(is) {
    return new Promise((found) => {
      this.lost = { is, found };
    });
  }

  release() {
    this.letGo?.();
  }
}

const makesContacts = (call) => call.startsWith('POST') && call.endsWith('/contacts/batch/create');
const makesTasks = (call) => call.startsWith('POST') && call.endsWith('/tasks/batch/create');

async function outliving(t) {
  const played = await playHubspot();
  t.after(() => played.release());
  return new Outliving(played);
}

const decideAll = async (world, leads) => {
  return (await Promise.all(leads.map((lead) => world.post(lead)))).map((answer) => assertDecision(answer));
};
const isWrite = (body) => body.startsWith('{"crm":');
/** The messages for the CRM that were sent so far: the record of each lead, and its decision. */
const writesOf = async (world) => (await world.control('sent')).filter(isWrite);
/** Every message that was sent, once there are so many. */
const untilSent = (world, count) => until(async () => {
  const sent = await world.control('sent');
  return sent.length >= count && sent;
}, `${count} messages`);
/** Messages as their queues bring them again. */
async function deliverAll(world, messages) {
  await world.deliver(messages.filter((body) => !isWrite(body)), QUEUES.JOBS, 2).then(assertDone);
  return world.deliver(messages.filter(isWrite), CRM_QUEUE, 2).then(assertDone);
}
const newLeads = (count) => Array.from({ length: count }, () => newLead());
const assertDone = ({ outcome, retryBatch, retryMessages }) => {
  assert.deepEqual([outcome, retryBatch.retry, retryMessages], ['ok', false, []]);
};

test('a consumer that dies after contacts, and again after tasks, writes every lead once in the end', async (t) => {
  const vendor = await outliving(t);
  // All leads in one batch.
  const options = { state: newState(), provider: vendor, vars: VARS, jobs: { maxBatchTimeout: 2 } };
  const first = await startKillable(t, options);
  await sellers(first);
  const leads = newLeads(LEADS);
  const madeContacts = vendor.loseAnswer(makesContacts);
  const decisions = await decideAll(first, leads);
  await madeContacts;
  const messages = await untilSent(first, 2 * LEADS);
  await first.kill();
  assert.equal((await vendor.played.state('hubspot')).contacts.length, LEADS);

  // The queue, which here is lost with the runtime, brings everything again.
  const second = await startKillable(t, options);
  const madeTasks = vendor.loseAnswer(makesTasks);
  await deliverAll(second, messages);
  await madeTasks;
  messages.push(...(await untilSent(second, LEADS)));
  await second.kill();
  assert.equal((await vendor.played.state('hubspot')).tasks.length, LEADS);

  const third = await startFor(t, options);
  for (const { lead_id: id } of decisions) assert.deepEqual(await writtenOf(third, id), []);
  await deliverAll(third, messages);
  await untilWritten(third, decisions);
  await assertEachOnce(vendor.played, third, decisions, leads);
  assert.equal((await third.ledger()).length, LEADS);
});

test('messages that come twice, in one batch, at the same time and later, change nothing', async (t) => {
  const played = await playHubspot();
  const world = await startFor(t, { provider: played, vars: VARS });
  await sellers(world);
  const leads = newLeads(LEADS);
  const decisions = await decideAll(world, leads);
  await untilWritten(world, decisions);
  const messages = await writesOf(world);
  assert.equal(messages.length, 2 * LEADS);
  const records = async () => {
    const { contacts, tasks } = await played.state('hubspot');
    return { contacts, tasks };
  };
  const before = await records();
  assertDone(await world.deliver([...messages, ...messages], CRM_QUEUE));
  const atOnce = await Promise.all([1, 2, 3].map(() => world.deliver(messages, CRM_QUEUE)));
  atOnce.forEach(assertDone);
  assertDone(await world.deliver(messages, QUEUES.JOBS));
  assert.deepEqual(await records(), before);
  await assertEachOnce(played, world, decisions, leads);
});

test('three consumers that meet the same new leads at once make each contact and each task once', async (t) => {
  const played = await playHubspot();
  // The queue keeps its own messages until the end of the test.
  const world = await startFor(t, { provider: played, vars: VARS, jobs: { maxBatchTimeout: 60 } });
  await sellers(world);
  const leads = newLeads(LEADS);
  const decisions = await decideAll(world, leads);
  const jobs = await Promise.all(decisions.map(({ lead_id }) => world.deliveryOf(lead_id)));
  assertDone(await world.deliver(jobs));
  assert.equal((await world.ledger()).length, LEADS);
  const messages = await writesOf(world);
  assert.equal(messages.length, 2 * LEADS);
  const atOnce = await Promise.all([1, 2, 3].map(() => world.deliver(messages, CRM_QUEUE)));
  atOnce.forEach(assertDone);
  await untilWritten(world, decisions);
  await assertEachOnce(played, world, decisions, leads);
});

test('a write of an older decision that comes late does not take the lead back from the newer one', async (t) => {
  const played = await playHubspot();
  const world = await startFor(t, { provider: played, vars: VARS });
  await sellers(world);
  const lead = newLead();
  const [decision] = await decideAll(world, [lead]);
  await untilWritten(world, [decision]);
  const older = await writesOf(world);
  const to = Object.keys(OWNER_OF).find((rep) => rep !== decision.assignment.rep_id);
  await world.ask('POST', `/v1/leads/${decision.lead_id}/reassign`, { to });
  await untilWritten(world, [decision], 2);
  assertDone(await world.deliver(older, CRM_QUEUE));
  const contacts = await contactsOf(played, lead.email);
  assert.deepEqual(contacts.map((contact) => contact.hubspot_owner_id), [OWNER_OF[to]]);
  const { tasks } = await played.state('hubspot');
  assert.deepEqual(
    tasks.map((task) => [task.router_effect_id, task.hubspot_owner_id]),
    [[decision.decision_id, OWNER_OF[decision.assignment.rep_id]], [`${decision.lead_id}-2`, OWNER_OF[to]]],
  );
  assert.deepEqual(await world.history(decision.lead_id, 'owner_drift'), []);
});

test('D1 goes away after the CRM was told: it is told again, has it once, and the history too', async (t) => {
  const vendor = await outliving(t);
  const world = await startFor(t, { provider: vendor, vars: VARS });
  world.expectErrors('job.failed');
  await sellers(world);
  const lead = newLead();
  const madeTask = vendor.loseAnswer(makesTasks);
  const decisions = await decideAll(world, [lead]);
  await madeTask;
  await world.control('fail', { place: 'D1', count: 2 });
  vendor.letGo();
  await until(() => world.events('job.failed').length === 2, 'two failed tries');
  await untilWritten(world, decisions);
  await assertEachOnce(vendor.played, world, decisions, [lead]);
});

test('D1 is down while leads are decided: none is lost, the CRM has each once, and the ledger is whole', async (t) => {
  const played = await playHubspot();
  const world = await startFor(t, { provider: played, vars: VARS });
  world.expectErrors('job.failed');
  await sellers(world);
  await world.control('fail', { place: 'D1', count: 1_000_000 });
  // Colleagues share a account shard, so that a chain has several records.
  const colleague = (index) => newLead({ email: `colleague-${index}@down.example`, company: 'Down' });
  const leads = [...newLeads(6), ...[1, 2, 3].map(colleague)];
  const decisions = await decideAll(world, leads);
  assert.deepEqual((await played.state('hubspot')).contacts, []);
  await world.control('fail', { place: 'D1', count: 0 });
  for (const { lead_id: id } of decisions) {
    const dead = () => world.rows('SELECT id FROM dead_letters WHERE body LIKE ?', `%${id}%`);
    await until(async () => (await world.ledger(id)).length + (await dead()).length > 0, 'delivery or dead letter');
  }
  await world.ask('POST', '/v1/dead-letters:redrive');
  const lines = await world.untilDrained(leads.length);
  assert.deepEqual(lines.map((line) => line.lead_id).sort(), decisions.map(({ lead_id: id }) => id).sort());
  await untilWritten(world, decisions);
  await assertEachOnce(played, world, decisions, leads);
  const rows = await exported(world);
  assert.equal(rows.length, leads.length);
  assertChains(rows);
  assert.equal((await world.ask('GET', '/v1/dead-letters')).count, 0);
});
