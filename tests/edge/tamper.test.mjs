/**
 * Somebody with full access to the database, who knows this program and has none of its secrets, changes it; `verify` or
 * `doctor --deep` says so. What cannot be found is listed in docs/AUDIT.md.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, start } from './kit.mjs';
import { newLead } from './leads.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const folder = mkdtempSync(join(tmpdir(), 'tamper-'));
/** Leads of one company share an account shard, so that its chain has several records. */
const COMPANY = 'chain.example';

let world;
let backup;
before(async () => {
  world = await start();
  await world.smallWorld(2);
  for (let number = 0; number < 6; number += 1) {
    await world.post(newLead({ email: `person-${number}@${COMPANY}` }), { query: '?wait=1' });
  }
  await world.post(newLead({ email: 'somebody@other.example' }));
  await world.untilDrained(7);
  await world.ask('DELETE', '/v1/people', { email: `person-2@${COMPANY}` });
  for (const trigger of await world.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")) await run(`DROP TRIGGER ${trigger.name}`);
  backup = { decisions: await world.rows('SELECT * FROM decisions'), events: await world.rows('SELECT * FROM events') };
});
after(() => world.close());

const run = async (query, ...values) => (await world.database()).prepare(query).bind(...values).run();
const chain = () => world.rows(`SELECT * FROM decisions WHERE shard = (SELECT shard FROM decisions GROUP BY shard ORDER BY count(*) DESC LIMIT 1) ORDER BY seq`);

async function insert(table, row) {
  const names = Object.keys(row);
  await run(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`, ...Object.values(row));
}

async function restore() {
  for (const [table, rows] of Object.entries(backup)) {
    await run(`DELETE FROM ${table}`);
    for (const row of rows) await insert(table, row);
  }
}

const binary = join(ROOT, process.env.CARGO_TARGET_DIR ?? 'target', 'debug/lead-router');

/** Codes that `verify` finds in the exports, and those of the doctor about the ledger. */
async function found() {
  const codes = new Set();
  for (const path of ['/v1/decisions:export?record=1', '/v1/events:export']) {
    const file = join(folder, 'export.ndjson');
    writeFileSync(file, (await world.admin('GET', path)).text);
    try {
      execFileSync(binary, ['verify', file], { stdio: 'pipe' });
    } catch (error) {
      const lines = `${error.stdout}${error.stderr}`.split('\n').filter((line) => /^(broken|error)/.test(line));
      for (const line of lines) codes.add(line);
      assert.ok(lines.length > 0, `${error.stdout}${error.stderr}`);
    }
  }
  const { checks } = await world.ask('GET', '/v1/doctor?deep=1');
  for (const { area, code, status } of checks) if (area === 'ledger' && status === 'problem') codes.add(code);
  return [...codes].filter(Boolean);
}

/** Rewrites the chain from a record on, with every hash made anew. */
async function rewrite(from, change) {
  const rows = await chain();
  let previous = rows[from].previous;
  for (const row of rows.slice(from)) {
    if (row.record === '{}') return assert.fail('an erased record cannot be made anew');
    const record = { ...JSON.parse(row.record), previous };
    if (row.seq === rows[from].seq) change(record);
    const text = JSON.stringify(record);
    await run('UPDATE decisions SET record = ?, hash = ?, previous = ?, rep_id = ? WHERE decision_id = ?',
      text, sha256(text), previous, record.decision.assignment.rep_id, row.decision_id);
    previous = sha256(text);
  }
}

const update = (set) => async () => run(`UPDATE decisions SET ${set} WHERE decision_id = ?`, (await chain())[3].decision_id);
const updateErased = (set) => () => run(`UPDATE decisions SET ${set} WHERE erased_ms IS NOT NULL`);
const remove = (index) => async () => run('DELETE FROM decisions WHERE decision_id = ?', (await chain()).at(index).decision_id);
const otherRep = (record) => {
  record.decision.assignment.rep_id = record.decision.assignment.rep_id === 'rep-0' ? 'rep-1' : 'rep-0';
};

const CHANGES = {
  'the newest row is deleted': remove(-1),
  'the oldest row is deleted': remove(0),
  'a row in the middle is deleted': remove(3),
  'a whole chain is deleted': async () => run('DELETE FROM decisions WHERE shard = ?', (await chain())[0].shard),
  'every row is deleted': () => run('DELETE FROM decisions'),
  'a record is changed': update(`record = replace(record, '"A"', '"B"') || ' '`),
  'a record is changed, with its hash': update(`record = record || ' ', hash = 'f'`),
  'the newest record is rewritten': async () => rewrite((await chain()).length - 1, otherRep),
  'a record and all after it are rewritten': async () => rewrite(3, otherRep),
  'a tier is changed': update(`tier = 'Z'`),
  'a rep is changed': update(`rep_id = 'rep-9'`),
  'a reason is changed': update(`reason = 'because'`),
  'a domain is changed': update(`domain = 'evil.example'`),
  'a source is changed': update(`source = 'partner'`),
  'a form is changed': update(`form = 'other'`),
  'a time is changed': update('at_ms = at_ms - 86400000'),
  'a duration is changed': update('ms = ms + 1'),
  'an outcome is changed': update(`outcome = 'rejected'`),
  'a rep of an erased decision is changed': updateErased(`rep_id = 'rep-9'`),
  'a tier of an erased decision is changed': updateErased(`tier = 'Z'`),
  'an outcome of an erased decision is changed': updateErased(`outcome = 'held'`),
  'a decision is wiped as if its person had been erased': update(`record = '{}', reason = NULL, domain = NULL, erased_ms = at_ms + 1`),
  'a decision is wiped with the proof of another': update(`record = '{}', reason = NULL, domain = NULL, erased_ms = at_ms + 1, erasure = (SELECT erasure FROM decisions WHERE erasure IS NOT NULL)`),
  'a record is emptied': update(`record = '{}'`),
  'two rows change places': async () => {
    const [, , , one, other] = await chain();
    await run('UPDATE decisions SET seq = -1 WHERE decision_id = ?', one.decision_id);
    await run('UPDATE decisions SET seq = ? WHERE decision_id = ?', one.seq, other.decision_id);
    await run('UPDATE decisions SET seq = ? WHERE decision_id = ?', other.seq, one.decision_id);
  },
  'a row is put into another chain': update(`shard = 'shard-00'`),
  'a row is there twice': async () => insert('decisions', { ...(await chain())[3], at_ms: 1 }),
  'a decision is made up at the end': async () => {
    const last = (await chain()).at(-1);
    const seq = last.seq + 1;
    const record = { ...JSON.parse(last.record), previous: last.hash, seq };
    record.decision.decision_id += '0';
    const text = JSON.stringify(record);
    await insert('decisions', { ...last, decision_id: record.decision.decision_id, seq, record: text, previous: last.hash, hash: sha256(text) });
  },
  'a chain is made up': async () => {
    const free = [...Array(64).keys()].map((n) => `shard-${n.toString(16).padStart(2, '0')}`);
    const used = new Set(backup.decisions.map(({ shard }) => shard));
    const shard = free.find((name) => !used.has(name));
    const last = (await chain()).at(-1);
    const account = shard.slice(6).padEnd(16, '0');
    const record = JSON.parse(last.record);
    Object.assign(record, { previous: '', seq: 1 });
    record.decision.lead_id = `${account}-0000000000-000000000000`;
    record.decision.decision_id = `${record.decision.lead_id}-1`;
    const text = JSON.stringify(record);
    const { lead_id, decision_id } = record.decision;
    await insert('decisions', { ...last, lead_id, decision_id, shard, seq: 1, record: text, previous: '', hash: sha256(text) });
  },
  'an event is made up': () => insert('events', { ...backup.events[0], event_id: `${backup.events[0].lead_id}/touch/9`, kind: 'touch' }),
  'who did something is changed': () => run(`UPDATE events SET who = 'rep:rep-9' WHERE event_id = ?`, backup.events[0].event_id),
  'when something happened is changed': () => run('UPDATE events SET at_ms = at_ms + 1 WHERE event_id = ?', backup.events[0].event_id),
};

test('what nobody changed is whole', async () => {
  assert.ok(backup.events.length > 0);
  assert.deepEqual(await found(), []);
});

for (const [name, change] of Object.entries(CHANGES)) {
  test(`it is found when ${name}`, async () => {
    await change();
    const codes = await found();
    await restore();
    assert.notDeepEqual(codes, []);
  });
}

test('an export that is cut at any line is not whole', async () => {
  const { text } = await world.admin('GET', '/v1/decisions:export?record=1');
  const lines = text.trimEnd().split('\n');
  for (let count = 1; count < lines.length; count += 1) {
    const file = join(folder, 'cut.ndjson');
    writeFileSync(file, `${lines.slice(0, count).join('\n')}\n`);
    assert.throws(() => execFileSync(binary, ['verify', file], { stdio: 'pipe' }), `${count} lines`);
  }
});
