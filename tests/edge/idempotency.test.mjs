/** One submission, however often it arrives: one assignment, equal answers. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

const COPIES = 100;

let world;
before(async () => {
  world = await start();
  await world.smallWorld(4);
});
after(() => world.close());

const open = async () => {
  const { reps } = await world.ask('GET', '/v1/reps');
  return Object.fromEntries(reps.map((rep) => [rep.id, rep.open_leads]));
};

/** Sends the requests at once, and checks that they are one submission: answer, rep, ledger. */
async function assertOne(requests) {
  const before = await open();
  const answers = await Promise.all(requests.map((request) => request()));
  const decision = assertDecision(answers[0]);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1, 'every answer is the same, byte for byte');
  const { rep_id: rep } = decision.assignment;
  assert.deepEqual(await open(), { ...before, [rep]: before[rep] + 1 }, 'one rep is charged, once');
  await world.untilDrained(1, decision.lead_id);
  await assertDelivered(decision);
  return answers[0];
}

/** Everything that is in the queue behind the decision has been delivered when a later lead has. */
async function assertDelivered({ lead_id: id, assignment }) {
  const marker = assertDecision(await world.post(newLead()));
  await world.untilDrained(1, marker.lead_id);
  assert.equal((await world.ledger(id)).length, 1, 'one line in the ledger');
  const { inbox } = await world.ask('GET', `/v1/reps/${assignment.rep_id}/inbox`);
  assert.equal(inbox.filter((entry) => entry.lead_id === id).length, 1, 'one entry in the inbox');
}

const copies = (request) => Array.from({ length: COPIES }, () => request);

test('100 parallel copies with one Idempotency-Key are one assignment and 100 equal answers', async () => {
  const lead = newLead();
  await assertOne(copies(() => world.post(lead, { key: 'copies-with-key' })));
});

test('100 parallel copies without a key are one assignment and 100 equal answers', async () => {
  const lead = newLead();
  await assertOne(copies(() => world.post(lead)));
});

test('100 parallel copies with a submission_id are one assignment, and the header means the same', async () => {
  const lead = newLead({ submission_id: 'copies-with-submission-id' });
  await assertOne(copies(() => world.post(lead)));
});

test('copies that differ in spelling only are the same content', async () => {
  const lead = newLead({ email: 'Spelled.Otherwise@Firm-Spelled.example' });
  const spelled = { ...lead, email: ' spelled.otherwise@firm-spelled.EXAMPLE ' };
  await assertOne([() => world.post(lead), () => world.post(spelled)]);
});

test('the same key with another body is refused, and the first answer stands', async () => {
  const lead = newLead();
  const first = await world.post(lead, { key: 'reused' });
  const before = await open();
  const bodies = [
    { ...lead, message: 'Something else.' },
    { ...lead, email: 'somebody.else@another-firm.example' },
    { ...lead, email: 'colleague@' + lead.email.split('@')[1] },
  ];
  for (const body of bodies) {
    assertRefused(await world.post(body, { key: 'reused' }), 409, 'idempotency_conflict');
  }
  assert.deepEqual(await open(), before);
  assert.equal((await world.post(lead, { key: 'reused' })).text, first.text);
});

test('of 50 different bodies with one key at once, one is taken and the others are refused', async () => {
  const leads = Array.from({ length: 50 }, () => newLead());
  const before = await open();
  const answers = await Promise.all(leads.map((lead) => world.post(lead, { key: 'fought-over' })));
  const taken = answers.filter(({ status }) => status === 200);
  assert.equal(taken.length, 1, answers.map(({ status }) => status).join(' '));
  for (const answer of answers.filter(({ status }) => status !== 200)) assertRefused(answer, 409, 'idempotency_conflict');
  const sum = (counts) => Object.values(counts).reduce((one, other) => one + other, 0);
  assert.equal(sum(await open()), sum(before) + 1);
});

test('a replay gives the first answer, also without waiting and after the roster has changed', async () => {
  const lead = newLead();
  const first = await world.post(lead, { key: 'replayed' });
  await world.ask('PUT', `/v1/reps/${first.body.assignment.rep_id}`, { name: 'Renamed' });
  assert.equal((await world.post(lead, { key: 'replayed' })).text, first.text);
  const unhurried = await world.post(lead, { key: 'replayed', query: '?wait=0' });
  assert.deepEqual([unhurried.status, unhurried.text], [200, first.text]);
});

test('a sender that does not wait gets 202, and its copies are the same lead', async () => {
  const lead = newLead();
  const answers = await Promise.all(copies(() => world.post(lead, { query: '?wait=0' })).map((request) => request()));
  const ids = new Set(answers.map(({ body }) => body.lead_id));
  assert.equal(ids.size, 1);
  assert.ok(answers.every(({ status }) => status === 202 || status === 200), answers.map(({ status }) => status).join(' '));
  assert.ok(answers.some(({ status, body }) => status === 202 && body.outcome === 'accepted'));
  const [id] = ids;
  const [line] = await world.untilDrained(1, id);
  assert.equal(line.outcome, 'assigned');
  await assertDelivered({ lead_id: id, assignment: { rep_id: line.rep_id } });
});

test('a form that is sent twice by an impatient person is one lead', async () => {
  const { email, first_name, message } = newLead();
  const body = () => new URLSearchParams({ email, first_name, message });
  const headers = { accept: 'application/json' };
  const answers = await Promise.all([1, 2, 3].map(() => world.form('contact', body(), { headers })));
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1, answers[0].text);
});
