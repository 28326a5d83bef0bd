/** The ledger: append-only, a chain that can be checked, searched, exported; events beside the decisions. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertChains, exported, rowsOf } from './chain.mjs';
import { shardOfLead, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

let world;
let leads;
before(async () => {
  world = await start({ instrumented: true });
  await world.smallWorld(3);
  // Colleagues share a account shard, so that its chain has several records.
  leads = [1, 2, 3, 4].map((number) => newLead({ email: `colleague-${number}@chain.example`, source: 'webinar' }));
  leads.push(newLead({ email: 'ann.lee@gmail.com', company: 'Chain', source: '=HYPERLINK("https://evil.example")' }));
  for (const lead of leads) lead.id = assertDecision(await world.post(lead)).lead_id;
  await world.untilDrained(leads.length);
});
after(() => world.close());

/** An event as the program writes it. */
async function note(leadId, kind, attempt, { at = Date.now(), who = 'router', detail = {} } = {}) {
  const id = `${leadId}/${kind}/${attempt}`;
  await world.rows(
    'INSERT OR IGNORE INTO events (event_id, lead_id, at_ms, kind, who, detail) VALUES (?, ?, ?, ?, ?, ?)',
    ...[id, leadId, at, kind, who, JSON.stringify(detail)],
  );
  return id;
}

const found = async (query) => {
  const { decisions } = await world.ask('GET', `/v1/decisions?${new URLSearchParams(query)}`);
  return decisions.map(({ lead_id }) => lead_id).sort();
};
const ids = (...which) => which.map((index) => leads[index].id).sort();

test('the export is a chain for every account shard, and its heads are those of the account shards', async () => {
  const lines = await exported(world);
  assert.equal(lines.length, leads.length);
  assertChains(lines);
  for (const shard of new Set(lines.map((line) => line.shard))) {
    const [head] = await world.objectRows('AccountShard', shard, 'SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1');
    const last = lines.filter((line) => line.shard === shard).sort((one, other) => one.seq - other.seq).at(-1);
    assert.deepEqual([last.seq, last.hash], [head.seq, head.hash]);
  }
  assert.ok(lines.filter((line) => line.shard === shardOfLead(leads[0].id)).length >= 4, 'one account shard has several');
  assert.deepEqual(await exported(world, `&lead=${leads[2].id}`), lines.filter(({ lead_id }) => lead_id === leads[2].id));
});

test('nothing but an erasure changes the ledger', async () => {
  const before = [await world.ledger(), await world.rows('SELECT * FROM events')];
  const id = await note(leads[0].id, 'notified', 'kept', { detail: { system: 'slack' } });
  before[1].push(...(await world.rows('SELECT * FROM events WHERE event_id = ?', id)));
  const erasure = "record = '{}', reason = NULL, domain = NULL, erased_ms = 1";
  const refused = [
    'DELETE FROM decisions',
    "UPDATE decisions SET tier = 'Z'",
    'UPDATE decisions SET erased_ms = 1',
    "UPDATE decisions SET record = '{}'",
    `UPDATE decisions SET ${erasure}, rep_id = 'somebody'`,
    `UPDATE decisions SET ${erasure}, hash = '00'`,
    `UPDATE decisions SET ${erasure}, seq = seq + 1`,
    `UPDATE decisions SET ${erasure}, previous = '00'`,
    'DELETE FROM events',
    "UPDATE events SET who = 'somebody'",
    "UPDATE events SET detail = '{\"code\":\"other\"}'",
  ];
  for (const statement of refused) await assert.rejects(world.rows(statement), /append-only/, statement);
  // What would replace a row leaves it as it is.
  const [line] = before[0];
  const columns = Object.keys(line);
  const values = { ...line, record: '{"other":1}', rep_id: 'somebody' };
  const insert = (how, tail = '') =>
    `INSERT ${how} INTO decisions (${columns}) VALUES (${columns.map(() => '?')}) ${tail}`;
  const row = columns.map((name) => values[name]);
  await world.rows(insert('OR REPLACE'), ...row);
  await world.rows(insert('OR IGNORE'), ...row);
  await world.rows(insert('', 'ON CONFLICT DO UPDATE SET record = excluded.record'), ...row);
  await world.rows('REPLACE INTO events SELECT event_id, lead_id, at_ms, kind, who, ?, seal FROM events', '{"code":"other"}');
  assert.deepEqual([await world.ledger(), await world.rows('SELECT * FROM events')], before);
});

test('a person, a company, a lead and words are found', async () => {
  assert.deepEqual(await found({ email: ' COLLEAGUE-1@chain.example ' }), ids(0));
  assert.deepEqual(await found({ email: 'a.n.n.lee+x@googlemail.com' }), ids(4));
  assert.deepEqual(await found({ email: 'nobody@chain.example' }), []);
  assert.deepEqual(await found({ domain: 'https://www.chain.example/about' }), ids(0, 1, 2, 3));
  assert.deepEqual(await found({ q: 'colleague-2@chain.example' }), ids(1));
  assert.deepEqual(await found({ q: 'chain.example' }), ids(0, 1, 2, 3));
  assert.deepEqual(await found({ q: leads[3].id }), ids(3));
  assert.deepEqual(await found({ q: `${leads[3].id}-1` }), ids(3));
  assert.deepEqual(await found({ q: 'webinar' }), ids(0, 1, 2, 3));
  const [line] = await world.ledger(leads[0].id);
  assert.ok((await found({ q: line.reason.slice(3, 20).toUpperCase() })).includes(leads[0].id), line.reason);
  assert.deepEqual(await found({ q: "' OR 1=1 --" }), []);
  assert.deepEqual(await found({ source: 'webinar', email: 'ann.lee@gmail.com' }), []);
});

test('what cannot be asked for is said, all at once', async () => {
  const refused = assertRefused(
    await world.admin('GET', '/v1/decisions?email=nobody&from=yesterday&limit=0&cursor=x'),
    422,
    'invalid',
  );
  assert.deepEqual(refused.problems.map(({ path }) => path).sort(), ['cursor', 'email', 'from', 'limit']);
  assertRefused(await world.admin('GET', '/v1/events?kind=dance'), 422, 'invalid');
  assertRefused(await world.admin('GET', '/v1/decisions:export?format=xls'), 422, 'invalid');
  for (const path of ['/v1/decisions:export', '/v1/events', '/v1/events:export']) {
    assertRefused(await world.admin('GET', path, undefined, { token: 'wrong' }), 401);
  }
});

test('a spreadsheet gets text and nothing that it runs', async () => {
  const answer = await world.admin('GET', '/v1/decisions:export?format=csv&email=ann.lee@gmail.com');
  assert.match(answer.headers.get('content-type'), /^text\/csv/);
  const [header, line, end] = answer.text.split('\r\n');
  assert.ok(header.startsWith('decided_at,decision_id,lead_id,outcome,tier,team,rep_id,score,'), header);
  assert.ok(header.endsWith(',shard,seq,hash,previous,erased_at'), header);
  assert.ok(line.includes(`"'=HYPERLINK(""https://evil.example"")"`), line);
  assert.equal(end, '');
  assert.doesNotMatch(answer.text, /ann\.lee/);
});

test('events are listed, searched, shown with their lead, and exported piece by piece', async () => {
  const [at, other] = [Date.now() + 60_000, leads[1].id];
  await note(other, 'crm_written', 1, { at, who: 'system:hubspot', detail: { record_id: '501' } });
  await note(other, 'notified', 1, { at: at + 1, detail: { system: 'slack', rep_id: 'rep-0' } });
  await note(other, 'notified', 1, { at: at + 99, detail: { system: 'twice' } });
  const { events } = await world.ask('GET', `/v1/events?lead=${other}`);
  assert.deepEqual(events.map(({ kind }) => kind), ['notified', 'crm_written']);
  assert.deepEqual(events[1].detail, { record_id: '501' });
  const seen = await world.ask('GET', '/v1/events?kind=crm_written&who=system:hubspot');
  assert.deepEqual(seen.events.map(({ lead_id }) => lead_id), [other]);
  const { timeline } = await world.ask('GET', `/v1/leads/${other}`);
  const history = timeline.map(({ event }) => event).filter((event) => event !== 'due');
  assert.deepEqual(history, ['received', 'decided', 'crm_written', 'notified']);

  const rows = Array.from({ length: 2_300 }, (_, index) => ({ id: `bulk-${index}`, at: at + index }));
  await world.rows(
    `INSERT INTO events (event_id, at_ms, kind, who, detail) SELECT value ->> 'id', value ->> 'at', 'accept', 'router', '{}'
     FROM json_each(?)`,
    JSON.stringify(rows),
  );
  const answer = await world.admin('GET', '/v1/events:export?kind=accept');
  const bulk = rowsOf(answer).map((row) => row.event_id);
  assert.deepEqual(bulk, rows.map(({ id }) => id).sort());
  const csv = (await world.admin('GET', '/v1/events:export?kind=accept&format=csv')).text;
  assert.equal(csv.split('\r\n').length, 2_300 + 2);
  const page = await world.ask('GET', '/v1/events?kind=accept&limit=200');
  const next = await world.ask('GET', `/v1/events?kind=accept&limit=200&cursor=${page.next_cursor}`);
  assert.deepEqual([page.events[0].event_id, next.events[0].event_id], ['bulk-2299', 'bulk-2099']);
});

test('an export that cannot be read to its end says so', async () => {
  await world.control('fail', { place: 'D1', count: 1 });
  assertRefused(await world.admin('GET', '/v1/events:export'), 503, 'unavailable');
  // The first piece is read, the second is not.
  world.expectErrors('export.failed');
  for (const format of ['ndjson', 'csv']) {
    await world.control('fail', { place: 'D1', count: 1, after: 1 });
    const { status, text } = await world.admin('GET', `/v1/events:export?kind=accept&format=${format}`);
    const last = text.trimEnd().split('\n').at(-1);
    assert.equal(status, 200);
    assert.match(last, format === 'csv' ? /^"the export broke off here/ : /^{"error":{"code":"unavailable"/);
    assert.equal(text.split('bulk-').length - 1, 1_000);
  }
});

test('while the database is down a lead is still shown, and says that its history is not whole', async () => {
  await world.control('fail', { place: 'D1', count: 1 });
  const lead = await world.ask('GET', `/v1/leads/${leads[0].id}`);
  assert.deepEqual([lead.state, lead.timeline_is_partial], ['assigned', true]);
  await until(async () => !('timeline_is_partial' in (await world.ask('GET', `/v1/leads/${leads[0].id}`))), 'whole history');
});
