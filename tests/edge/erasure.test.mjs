/** A person who asks to be forgotten is, everywhere, and does not come back by what was on its way. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertChains, exported } from './chain.mjs';
import { QUEUES, WORKER, shardOfLead, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { PeopleDataLabs } from './people_data_labs.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

const TABLES = ['decisions', 'contacts', 'accounts', 'assignments', 'events', 'erasures', 'dead_letters', 'refused_events'];

let world;
let provider;
before(async () => {
  provider = new PeopleDataLabs();
  world = await start({ instrumented: true, provider });
  await world.smallWorld(3);
});
after(() => world.close());

const erase = (email) => world.ask('DELETE', '/v1/people', { email });
const zero = (removed) => Object.values(removed).every((count) => count === 0);

/** Everything that is stored in database, account shards and cache, as one text. */
async function everything() {
  const parts = [];
  for (const table of TABLES) parts.push(await world.rows(`SELECT * FROM ${table}`));
  for (const id of await world.mf.listDurableObjectIds('ACCOUNT_SHARD', WORKER)) {
    const storage = await world.mf.unsafeGetDurableObjectStorage(WORKER, 'AccountShard', { id });
    for (const table of ['leads', 'keys', 'log', 'erased']) parts.push(await storage.exec(`SELECT * FROM ${table}`));
  }
  const cache = await world.mf.getKVNamespace('CACHE', WORKER);
  for (const { name } of (await cache.list()).keys) parts.push([name, await cache.get(name)]);
  return JSON.stringify(parts).toLowerCase();
}

/** Rows of a lead in its account shard. */
const deskRows = (id) => world.objectRows('AccountShard', shardOfLead(id), 'SELECT * FROM leads WHERE lead_id = ?', id);

test('every trace of a person goes, the colleague and the chain stay', async () => {
  const person = {
    email: 'Winifred.Quill@forget.example',
    first_name: 'Winifred',
    last_name: 'Quill-Ostrander',
    phone: '+1 202 555 0188',
    linkedin_url: 'https://www.linkedin.com/in/winifred-quill-ostrander',
  };
  const colleague = newLead({ email: 'bystander@forget.example' });
  const first = newLead(person);
  const second = newLead({ ...person, message: 'Winifred again' });
  const ids = [];
  for (const lead of [first, colleague, second]) ids.push(assertDecision(await world.post(lead)).lead_id);
  await world.untilDrained(3);
  const message = await world.deliveryOf(ids[0]);
  const take = JSON.stringify({
    take: {
      lead: JSON.parse(JSON.parse(message).deliver.record).lead,
      key: 'on-its-way',
      received_at: new Date(Date.now() - 1_000).toISOString(),
    },
  });
  await world.deliver(['Winifred.Quill@forget.example wrote this', take], QUEUES.DEAD_LETTERS);
  for (const trace of ['winifred', 'ostrander', '555 0188']) assert.ok((await everything()).includes(trace), trace);

  const { removed } = await erase('winifred.quill@FORGET.example');
  const expected = { leads: 2, undecided_leads: 0, decisions: 2, contacts: 1, assignments: 2, dead_letters: 2 };
  for (const [place, count] of Object.entries(expected)) assert.equal(removed[place], count, `${place}: ${JSON.stringify(removed)}`);
  const left = await everything();
  for (const trace of ['winifred', 'quill', 'ostrander', '555 0188', '5550188']) assert.ok(!left.includes(trace), trace);
  assert.ok(left.includes('bystander@forget.example'));

  const lines = await exported(world);
  assertChains(lines);
  assert.deepEqual(lines.filter(({ erased_at }) => erased_at).map(({ lead_id }) => lead_id).sort(), [ids[0], ids[2]].sort());
  const seen = await world.ask('GET', `/v1/leads/${ids[0]}`);
  assert.deepEqual([seen.state, seen.decisions.length, seen.timeline.at(-1).event], ['erased', 1, 'erased']);
  assert.equal((await world.ask('GET', `/v1/leads/${ids[1]}`)).state, 'assigned');
  assert.equal((await world.ask('GET', '/v1/providers')).error, undefined);

  assert.ok(zero((await erase(person.email)).removed), 'the second time there is nothing left');

  // What was on its way: the delivery, a row of a batch, a job to route, a letter that is sent again.
  await world.deliver([message, message, take, JSON.stringify({ route: { lead_id: ids[0] } })]);
  await world.deliver([message, take], QUEUES.DEAD_LETTERS);
  assert.deepEqual((await world.ask('GET', '/v1/dead-letters')).dead_letters, []);
  const after = await everything();
  for (const trace of ['winifred', 'ostrander']) assert.ok(!after.includes(trace), `${trace} came back`);
  assertChains(await exported(world));

  // The account shard's last record is sent again after a restart; here by hand.
  await world.deliver([JSON.stringify({ deliver: { lead_id: ids[2], seq: 1 } })]);

  // Somebody who writes again is a new lead, and the rep who has the account gets it.
  const again = assertDecision(await world.post(first));
  assert.ok(!ids.includes(again.lead_id));
  const line = lines.find(({ lead_id }) => lead_id === ids[0]);
  assert.equal(again.assignment.rep_id, line.rep_id);
  await world.untilDrained(1, again.lead_id);
  assert.equal((await world.rows('SELECT email FROM contacts WHERE lead_id = ?', again.lead_id)).length, 1);
  assertChains(await exported(world));
});

test('a lead whose delivery was on its way when its person was erased keeps its place in the chain, and no more', async () => {
  world.expectErrors('outbox.flush_failed');
  await world.control('fail', { place: 'queue', count: 1 });
  const lead = newLead({ email: 'ottoline.vane@inflight.example', last_name: 'Vane-Tempest' });
  const { lead_id: id } = assertDecision(await world.post(lead));
  assert.equal((await world.ledger(id)).length, 0);
  const { removed } = await erase(lead.email);
  assert.equal(removed.leads, 1);
  const [line] = await world.untilDrained(1, id);
  assert.deepEqual([line.record, line.reason, line.domain], ['{}', null, null]);
  assert.ok(line.erased_ms > 0 && line.hash.length === 64 && line.seq > 0);
  const left = await everything();
  for (const trace of ['ottoline', 'tempest']) assert.ok(!left.includes(trace), trace);
  assertChains(await exported(world));
});

test('a lead that nobody has decided yet is gone, and the watchdog finds nothing', async () => {
  provider.hang();
  const lead = { email: 'undecided.person@gmail.com', linkedin_url: 'https://www.linkedin.com/in/undecided-person' };
  const answer = world.post(lead, { query: '?wait=0' });
  assert.equal((await answer).status, 202);
  const { lead_id: id } = (await answer).body;
  await until(async () => (await deskRows(id)).length === 1, 'accepted lead');
  const { removed } = await erase(lead.email);
  assert.equal(removed.undecided_leads, 1);
  provider.release();
  await world.control('clock', { add: 60_000 });
  await world.ring(shardOfLead(id));
  await world.deliver([JSON.stringify({ route: { lead_id: id } })]);
  assert.deepEqual(await deskRows(id), []);
  assertRefused(await world.admin('GET', `/v1/leads/${id}`), 404, 'not_found');
  assert.ok(!(await everything()).includes('undecided'));
});

test('whom to erase has to be said', async () => {
  assertRefused(await world.admin('DELETE', '/v1/people'), 422, 'invalid', ['email']);
  for (const body of [{}, { email: 'nobody' }, { email: 7 }, 'no json']) {
    assertRefused(await world.admin('DELETE', '/v1/people', body), 422, 'invalid', ['email']);
  }
  assertRefused(await world.admin('DELETE', '/v1/people', { email: `${'x'.repeat(1_024)}@b.example` }), 413);
  const inQuery = assertRefused(await world.admin('DELETE', '/v1/people?email=a@b.example'), 422, 'invalid', ['email']);
  assert.equal(inQuery.problems[0].code, 'email_in_query');
  assertRefused(await world.admin('DELETE', '/v1/people', { email: 'a@b.example' }, { token: 'wrong' }), 401);
  assert.ok(zero((await erase('stranger@nowhere.example')).removed));
});

test('one account shard in trouble stops nothing else, and is asked again by the clock', async () => {
  const lead = newLead({ email: 'again@retry.example' });
  const { lead_id: id } = assertDecision(await world.post(lead));
  await world.untilDrained(1, id);
  await world.control('fail', { place: 'AccountShard INSERT INTO erased', count: 1 });
  world.expectErrors('erasure.shard_failed');
  const answer = await world.admin('DELETE', '/v1/people', { email: lead.email });
  assert.equal(answer.status, 202, answer.text);
  assert.equal(answer.body.left.length, 1);
  assert.equal(answer.body.removed.decisions, 1, 'the ledger does not wait for it');
  const worker = await world.mf.getWorker(WORKER);
  await worker.scheduled({ cron: '7 * * * *' });
  assert.ok(!(await everything()).includes('again@retry.example'));
  assert.deepEqual(await world.rows("SELECT person FROM erasures WHERE shards_left <> '[]'"), []);
  assert.deepEqual((await world.ask('DELETE', '/v1/people', { email: lead.email })).left, []);
});

test('an address within another is another person', async () => {
  const letters = ['joann@a.co wrote this', 'ann@a.com wrote this', 'x ann@a.co.uk y', 'ANN@a.co wrote this'];
  await world.deliver(letters, 'lead-router-dead');
  assert.equal((await erase('ann@a.co')).removed.dead_letters, 1);
  const left = await everything();
  for (const other of ['joann@a.co', 'ann@a.com', 'ann@a.co.uk']) assert.ok(left.includes(other), other);
});

test('a content hash says nothing without the key, and goes with the person', async () => {
  const lead = newLead({ email: 'hashed@fingerprint.example' });
  const { lead_id: id } = assertDecision(await world.post(lead, { key: 'fingerprint-key' }));
  await world.untilDrained(1, id);
  const [{ fingerprint }] = await deskRows(id);
  assert.ok((await everything()).split(fingerprint).length > 2, 'with the lead and with its key');
  await erase(lead.email);
  assert.ok(!(await everything()).includes(fingerprint));
});
