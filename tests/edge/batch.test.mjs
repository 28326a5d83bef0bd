/** Many leads in one request: each row by itself, durable, once; and the command line that sends files. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, SECRETS, start } from './kit.mjs';

let world;
before(async () => {
  world = await start();
  await world.smallWorld(3);
  await world.ask('PUT', '/v1/forms/list', { fields: { Mail: 'email' }, required: ['company'], source: 'a list' });
});
after(() => world.close());

const CSV = 'text/csv';
const NDJSON = 'application/x-ndjson';
const send = (body, { type = CSV, query = '', headers = {}, token = SECRETS.INTAKE_KEY } = {}) => {
  return world.fetch(`/v1/leads:batch${query}`, {
    method: 'POST',
    headers: { 'content-type': type, authorization: `Bearer ${token}`, ...headers },
    body,
  });
};
const lines = (answer) => answer.text.trim().split('\n').map((line) => JSON.parse(line));
const sums = (answer) => lines(answer).at(-1);
const csv = (name, count) => {
  const rows = Array.from({ length: count }, (_, index) => `${name}-${index}@${name}-${index}.example,Firm ${index}`);
  return `Work Email,Firma\n${rows.join('\n')}\n`;
};
const count = async () => (await world.rows('SELECT count(*) AS n FROM decisions'))[0].n;
const settled = (id) => world.untilDrained(1, id, 30_000);

test('every row has its line: an id, or what is wrong with it', async () => {
  const body = 'Work Email;Firma;Budget\nada@one.example;One;10k\nnobody;Two;\nbob@three.example;Three;;more\n\ncy@four.example;Four;\n';
  const answer = await send(body);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), NDJSON);
  const [one, two, three, four, last] = lines(answer);
  assert.deepEqual([one.row, one.outcome], [1, 'accepted']);
  assert.deepEqual([two.row, two.error.code, two.error.problems[0].path], [2, 'invalid_lead', 'email']);
  assert.deepEqual([three.row, three.error.code], [3, 'too_many_cells']);
  assert.deepEqual([four.row, four.outcome], [4, 'accepted']);
  assert.deepEqual(last, { rows: 4, accepted: 2, refused: 2, again: 0 });
  await settled(one.lead_id);
  const { lead, state } = await world.ask('GET', `/v1/leads/${one.lead_id}`);
  assert.equal(state, 'assigned');
  assert.equal(lead.company, 'One');
  assert.equal(lead.fields.budget, '10k');
});

test('a row is one lead however often it comes, by its id, its key and row, or its content', async () => {
  const line = (fields) => `${JSON.stringify(fields)}\n`;
  const before = await count();
  const named = line({ email: 'ann@named.example', submission_id: 'n-1' });
  const plain = line({ email: 'ben@plain.example' });
  const first = lines(await send(named + plain, { type: NDJSON }));
  const ids = first.slice(0, 2).map((it) => it.lead_id);
  for (const id of ids) await settled(id);
  const again = lines(await send(plain + named + plain, { type: NDJSON }));
  assert.deepEqual(again.slice(0, 3).map((it) => it.lead_id), [ids[1], ids[0], ids[1]]);
  const keyed = { type: NDJSON, headers: { 'idempotency-key': 'file-7' } };
  const [one, two] = lines(await send(plain + plain, keyed));
  assert.notEqual(one.lead_id, two.lead_id, 'rows with a key of their own');
  const [repeated] = lines(await send(plain + plain, keyed));
  assert.equal(repeated.lead_id, one.lead_id);
  const [second] = lines(await send(plain, { ...keyed, query: '?first_row=2' }));
  assert.deepEqual([second.row, second.lead_id], [2, two.lead_id]);
  for (const id of [one.lead_id, two.lead_id]) await settled(id);
  assert.equal(await count(), before + 4);
});

test('one id for two people in a batch is refused; in two batches nobody is lost', async () => {
  const line = (email) => `${JSON.stringify({ email, submission_id: 'same' })}\n`;
  const [one, two] = lines(await send(line('ann@same.example') + line('bea@same.example'), { type: NDJSON }));
  assert.equal(one.outcome, 'accepted');
  assert.equal(two.error.code, 'idempotency_conflict');
  await settled(one.lead_id);
  const [other] = lines(await send(line('bea@same.example'), { type: NDJSON }));
  assert.notEqual(other.lead_id, one.lead_id);
  await settled(other.lead_id);
  assert.equal((await world.ask('GET', `/v1/leads/${other.lead_id}`)).lead.email.address, 'bea@same.example');
});

test('a form says what columns mean, what is required and where leads come from', async () => {
  const answer = lines(await send('Mail,Firma\nada@listed.example,Listed\nbob@listed.example,\n', { query: '?form=list' }));
  assert.equal(answer[1].error.problems[0].path, 'company');
  await settled(answer[0].lead_id);
  const { lead } = await world.ask('GET', `/v1/leads/${answer[0].lead_id}`);
  assert.deepEqual([lead.source, lead.form], ['a list', 'list']);
});

test('with `wait=1` the decisions are in the answer', async () => {
  const body = csv('waiting', 10);
  const answer = lines(await send(body, { query: '?wait=1' }));
  assert.deepEqual(answer.slice(0, 10).map(({ row, outcome }) => [row, outcome]), answer.slice(0, 10).map((_, index) => [index + 1, 'assigned']));
  assert.ok(answer[0].decision.assignment.rep_id.startsWith('rep-'));
  const again = lines(await send(body, { query: '?wait=1' }));
  assert.deepEqual(again.slice(0, 10).map(({ outcome }) => outcome), Array(10).fill('duplicate'));
  assert.deepEqual(again.slice(0, 10).map((it) => it.lead_id), answer.slice(0, 10).map((it) => it.lead_id));
});

test('250 rows may be waited for, and no more', async () => {
  const invalid = `email\n${'nobody\n'.repeat(251)}`;
  const answer = lines(await send(invalid, { query: '?wait=1' }));
  assert.equal(answer[249].error.code, 'invalid_lead');
  assert.equal(answer[250].error.code, 'too_many_rows');
  assert.deepEqual(answer.at(-1), { rows: 250, accepted: 0, refused: 251, again: 0 });
});

test('10,000 rows are taken, and the one after them is not', async () => {
  const invalid = `email\n${'nobody\n'.repeat(10_001)}`;
  const answer = lines(await send(invalid));
  assert.equal(answer.length, 10_002);
  assert.equal(answer[9_999].error.code, 'invalid_lead');
  assert.equal(answer[10_000].error.code, 'too_many_rows');
});

test('a lead that is larger than a message of the queue is taken in all the same', async () => {
  const fields = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`note${index}`, 'x'.repeat(10_000)]));
  const [large, last] = lines(await send(`${JSON.stringify({ email: 'large@large.example', ...fields })}\n`, { type: NDJSON }));
  assert.equal(large.outcome, 'accepted', JSON.stringify(large));
  assert.equal(last.accepted, 1);
  await settled(large.lead_id);
});

test('who may not send, and what is no batch, is told before anything is read', async () => {
  assert.equal((await send('email\na@a.example\n', { token: 'wrong' })).status, 401);
  assert.equal((await send('{}', { type: 'application/json' })).status, 415);
  assert.equal((await send(' \n')).status, 400);
  assert.equal((await send('email\n', { query: '?first_row=0' })).status, 422);
  assert.equal((await send('email\n', { headers: { 'idempotency-key': 'x'.repeat(245) } })).status, 422);
  assert.equal((await send('email\n', { headers: { 'idempotency-key': 'x'.repeat(244) } })).body.error.code, 'no_rows');
  assert.equal((await send(Buffer.alloc(16 * 1024 * 1024 + 1, 'x'))).status, 413);
});

const PROGRAM = join(ROOT, 'target/debug/lead-router');
/** In CI the program is there: the native tests have built it. */
const skip = !existsSync(PROGRAM) && !process.env.CI && 'build the command line first: cargo build -p lead-router-cli';
const cli = (args, env = {}) => new Promise((resolve) => {
  execFile(PROGRAM, args, { env: { ...process.env, LEAD_ROUTER_KEY: SECRETS.INTAKE_KEY, ...env } }, (error, out, err) => {
    resolve({ code: error ? error.code : 0, out, err });
  });
});

test('the command line sends a file, and what is refused is in a file to be mended', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leads-'));
  const file = join(folder, 'leads.csv');
  writeFileSync(file, `${csv('cli', 25)}nobody,"Firm, the last"\n`);
  const before = await count();
  const args = ['send', file, '--url', world.url, '--rows', '10', '--json'];
  const first = await cli(args);
  assert.equal(first.code, 1, first.err);
  const told = JSON.parse(first.out);
  assert.equal(told.accepted, 25);
  assert.deepEqual(told.refused.map(({ row, error }) => [row, error.code]), [[26, 'invalid_lead']]);
  assert.equal(readFileSync(join(folder, 'leads.failed.csv'), 'utf8'), 'Work Email,Firma\nnobody,"Firm, the last"\n');
  await world.untilDrained(before + 25, undefined, 30_000);
  assert.equal((await cli(args)).code, 1);
  const more = await cli(['send', file, '--url', world.url, '--from-row', '26']);
  assert.match(more.out, /row 26: email:/);
  // A lead of its own at the end shows that the repeated ones have passed through the queue before.
  const [marker] = lines(await send('email\nmarker@marker.example\n'));
  await settled(marker.lead_id);
  assert.equal(await count(), before + 26);
  const refused = await cli(['send', file, '--url', world.url, '--key', 'wrong']);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /401/);
});
