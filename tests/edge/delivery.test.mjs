/** What the queue carries arrives at least once and looks exactly once, whatever fails on the way. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { QUEUES, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';

let world;
before(async () => {
  world = await start({ instrumented: true });
  await world.smallWorld(3);
});
after(() => world.close());

/** A decided lead, and the message that delivers it. */
async function decided(lead = newLead()) {
  const decision = assertDecision(await world.post(lead));
  const id = decision.lead_id;
  return { lead, decision, id, message: await world.deliveryOf(id) };
}

const counts = async () => {
  const [row] = await world.rows(
    'SELECT (SELECT count(*) FROM decisions) AS decisions, (SELECT count(*) FROM contacts) AS contacts, ' +
      '(SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM assignments) AS assignments',
  );
  return row;
};
const deadLetters = () => world.rows('SELECT * FROM dead_letters');
const isDone = ({ outcome, ackAll, retryBatch, retryMessages, explicitAcks }, count) => {
  assert.equal(outcome, 'ok');
  assert.deepEqual(retryMessages, []);
  assert.ok(!retryBatch.retry && (ackAll || explicitAcks.length === count), 'every message is answered');
};

test('a message that comes again changes nothing, in the same batch or later', async () => {
  const { id, message } = await decided();
  await world.untilDrained(1, id);
  const before = await counts();
  isDone(await world.deliver([message, message, message]), 3);
  isDone(await world.deliver([message]), 1);
  isDone(await world.deliver([JSON.stringify({ deliver: { lead_id: id, seq: 1 } })]), 1);
  assert.deepEqual(await counts(), before);
});

test('a job to route a lead that is decided changes nothing', async () => {
  const { id, decision } = await decided();
  await world.untilDrained(1, id);
  const before = [await counts(), await world.ask('GET', '/v1/reps')];
  isDone(await world.deliver([JSON.stringify({ route: { lead_id: id } })]), 1);
  assert.deepEqual([await counts(), await world.ask('GET', '/v1/reps')], before);
  assert.deepEqual((await world.ask('GET', `/v1/leads/${id}`)).decision, decision);
});

test('an older decision that is delivered late does not overwrite the newer one', async () => {
  const first = await decided();
  const second = await decided({ ...first.lead, message: 'One more thing.', title: 'Chief of Staff' });
  await world.untilDrained(1, second.id);
  isDone(await world.deliver([first.message]), 1);
  const contacts = await world.rows('SELECT lead_id, title FROM contacts WHERE email = ?', first.lead.email);
  assert.deepEqual(contacts, [{ lead_id: second.id, title: 'Chief of Staff' }]);
});

test('messages that nobody can read are kept for a person to look at, and stop no other', async () => {
  const { id, message } = await decided();
  const before = (await deadLetters()).length;
  const unreadable = ['not json', '{"dance":{}}', '{}', '', '[]', '{"deliver":{}}', '{"route":{"lead_id":""}}'];
  isDone(await world.deliver([...unreadable, message, 42, { deliver: {} }]), unreadable.length + 3);
  const letters = await deadLetters();
  assert.equal(letters.length, before + unreadable.length + 2);
  assert.ok(letters.some((letter) => letter.body === 'not json' && letter.queue === QUEUES.JOBS));
  await world.untilDrained(1, id);
});

test('a job for a lead that nobody has is done', async () => {
  const stranger = '0123456789abcdef-0123456789-0123456789ab';
  for (const lead_id of [stranger, 'no-id-of-ours']) {
    isDone(await world.deliver([JSON.stringify({ route: { lead_id } }), JSON.stringify({ deliver: { lead_id, seq: 1 } })]), 2);
  }
});

test('a database that fails once delays the delivery, and delivers once', async () => {
  world.expectErrors('job.failed');
  const before = await counts();
  await world.control('fail', { place: 'D1', count: 2 });
  const { id } = await decided();
  await world.untilDrained(1, id);
  assert.equal((await world.ledger(id)).length, 1);
  const after = await counts();
  assert.deepEqual([after.decisions, after.assignments], [before.decisions + 1, before.assignments + 1]);
  assert.ok(world.events('job.failed').length >= 1, 'the failure is in the log');
});

test('while the database is down leads are still decided, and delivered when it is back', async () => {
  world.expectErrors('job.failed');
  const before = await counts();
  await world.control('fail', { place: 'D1', count: 1_000_000 });
  const answers = await Promise.all(Array.from({ length: 10 }, () => world.post(newLead())));
  const ids = answers.map((answer) => assertDecision(answer).lead_id);
  await world.control('fail', { place: 'D1', count: 0 });
  for (const id of ids) {
    const where = () => Promise.all([world.ledger(id), world.rows('SELECT id FROM dead_letters WHERE body LIKE ?', `%${id}%`)]);
    await until(async () => (await where()).flat().length > 0, 'delivery or dead letter of every lead');
  }
  const after = await counts();
  const dead = await world.rows(`SELECT body FROM dead_letters WHERE body LIKE '%deliver%record%'`);
  assert.equal(after.decisions - before.decisions + dead.filter(({ body }) => ids.some((id) => body.includes(id))).length, 10);
});

test('a message that fails every time becomes a dead letter, and does not hold up others', async () => {
  world.expectErrors('job.failed');
  const { message, id } = await decided();
  await world.untilDrained(1, id);
  const poison = JSON.stringify({ deliver: { ...JSON.parse(message).deliver, record: '{"v":1}' } });
  const before = world.events('job.failed').length;
  const other = await decided();
  const { retryMessages } = await world.deliver([poison, other.message]);
  assert.equal(retryMessages.length, 1, 'only the one that failed comes again');
  await world.untilDrained(1, other.id);
  assert.equal(world.events('job.failed').length - before, 1);
  isDone(await world.deliver([poison], QUEUES.DEAD_LETTERS), 1);
  const letter = (await deadLetters()).find(({ body }) => body === poison);
  assert.equal(letter.queue, QUEUES.DEAD_LETTERS);
});
