/** Dead letters say why they are here, and can be sent again or put aside. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { QUEUES, shardOfLead, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

const DEAD = QUEUES.DEAD_LETTERS;

let world;
before(async () => {
  world = await start({ instrumented: true });
  await world.smallWorld(3);
});
after(() => world.close());

const list = (query = {}) => world.ask('GET', `/v1/dead-letters?${new URLSearchParams(query)}`);
const post = (path) => world.admin('POST', `/v1/dead-letters${path}`);
const history = async (id) => {
  const { events } = await world.ask('GET', `/v1/events?lead=${id}`);
  return events.map(({ kind }) => kind).reverse();
};

/** A decided lead whose delivery was given up before it reached the ledger. */
async function undelivered() {
  await world.control('fail', { place: 'D1', count: 1_000_000 });
  world.expectErrors('job.failed');
  const { lead_id: id } = assertDecision(await world.post(newLead()));
  const [{ body }] = await world.objectRows('AccountShard', shardOfLead(id), 'SELECT body FROM leads WHERE lead_id = ?', id);
  // Until the queue has given up on its own message; the dead-letter queue tries for longer.
  await until(() => world.events('job.failed').filter(({ code }) => code === 'dead.kept').length > 0, 'dead letter');
  await world.control('fail', { place: 'D1', count: 0 });
  const letter = await until(async () => (await list({ lead: id })).dead_letters[0], 'letter');
  return { id, body, letter };
}

test('a delivery that was given up is kept with its lead, and sent again delivers once', async () => {
  const { id, letter } = await undelivered();
  assert.deepEqual([letter.kind, letter.code, letter.queue, letter.lead_id], ['deliver', 'gave_up', DEAD, id]);
  assert.ok(letter.message.length > 20 && !('body' in letter));
  assert.equal(JSON.parse((await world.ask('GET', `/v1/dead-letters/${letter.id}`)).body).deliver.lead_id, id);
  assert.equal((await world.ledger(id)).length, 0);
  const answers = await Promise.all([post(`/${letter.id}/redrive`), post(`/${letter.id}/redrive`)]);
  assert.equal(answers.filter(({ status }) => status === 200).length, 1, answers.map(({ text }) => text).join(' '));
  await world.untilDrained(1, id);
  assert.deepEqual((await list({ lead: id })).dead_letters, []);
  await until(async () => (await history(id)).includes('redriven'), 'history');
  assert.deepEqual(await history(id), ['delivery_failed', 'redriven']);
  assertRefused(await post(`/${letter.id}/redrive`), 404, 'not_found');
  const inbox = await world.rows('SELECT lead_id FROM assignments WHERE lead_id = ?', id);
  assert.equal(inbox.length, 1);
});

test('what nobody can read cannot be sent again, and is put aside with a reason', async () => {
  await world.deliver(['not json', '{"dance":{"lead_id":"a"}}']);
  const { dead_letters: letters, count } = await list({ code: 'unreadable' });
  assert.deepEqual([letters.map(({ kind }) => kind).sort(), count], [['dance', 'unreadable'], 2]);
  for (const { id } of letters) {
    assertRefused(await post(`/${id}/redrive`), 409, 'unreadable');
    assertRefused(await world.admin('DELETE', `/v1/dead-letters/${id}`), 422, 'invalid');
  }
  const all = await world.ask('POST', '/v1/dead-letters:redrive');
  assert.deepEqual(all, { sent: 0, unreadable: 2, left: 2 });
  for (const { id } of letters) {
    await world.ask('DELETE', `/v1/dead-letters/${id}?reason=sent+by+hand`);
    assertRefused(await world.admin('DELETE', `/v1/dead-letters/${id}?reason=again`), 404, 'not_found');
  }
  assert.equal((await list()).count, 0);
  const { events } = await world.ask('GET', '/v1/events?kind=dismissed');
  assert.deepEqual(events.map(({ detail }) => detail.reason), ['sent by hand', 'sent by hand']);
});

test('many are sent again at once, by kind, and pages go through all', async () => {
  const decided = await Promise.all(Array.from({ length: 12 }, () => world.post(newLead())));
  const ids = decided.map((answer) => assertDecision(answer).lead_id);
  for (const id of ids) await world.untilDrained(1, id);
  const before = (await world.ledger()).length;
  await world.deliver(ids.map((lead_id) => JSON.stringify({ route: { lead_id } })), DEAD);
  await world.deliver([await world.deliveryOf(ids[0])], DEAD);
  const first = await list({ limit: 5, kind: 'route' });
  const second = await list({ limit: 5, kind: 'route', cursor: first.next_cursor });
  assert.deepEqual([first.dead_letters.length, second.dead_letters.length, first.count], [5, 5, 12]);
  assert.equal(new Set([...first.dead_letters, ...second.dead_letters].map(({ id }) => id)).size, 10);
  const sent = await world.ask('POST', '/v1/dead-letters:redrive?kind=route');
  assert.deepEqual(sent, { sent: 12, unreadable: 0, left: 0 });
  assert.deepEqual(await world.ask('POST', '/v1/dead-letters:redrive'), { sent: 1, unreadable: 0, left: 0 });
  await until(async () => (await history(ids[0])).filter((kind) => kind === 'redriven').length === 2, 'history');
  assert.equal((await world.ledger()).length, before, 'leads that are decided stay so');
});

test('a letter stays when it cannot be sent', async () => {
  const stranger = '0123456789abcdef-0123456789-0123456789ab';
  await world.deliver([JSON.stringify({ route: { lead_id: stranger } })], DEAD);
  const [{ id }] = (await list({ lead: stranger })).dead_letters;
  await world.control('fail', { place: 'queue', count: 1 });
  assertRefused(await post(`/${id}/redrive`), 503, 'unavailable');
  assertRefused(await post(`/${id}/redrive`), 409, 'being_sent');
  await world.control('clock', { add: 120_000 });
  assert.equal((await post(`/${id}/redrive`)).status, 200);
  assert.equal((await list({ lead: stranger })).count, 0);
});

test('only operators see letters', async () => {
  for (const [method, path] of [['GET', ''], ['GET', '/x'], ['DELETE', '/x?reason=y'], ['POST', '/x/redrive'], ['POST', ':redrive']]) {
    assertRefused(await world.admin(method, `/v1/dead-letters${path}`, undefined, { token: 'wrong' }), 401);
  }
});
