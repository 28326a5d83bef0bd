/** What a business configures is in D1; KV is a copy that can be lost at any moment. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readJson, start } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

let world;
before(async () => {
  world = await start({ instrumented: true });
  world.expectErrors('job.failed');
  await world.smallWorld(3);
});
after(() => world.close());

const store = () => world.mf.getKVNamespace('CONFIG', 'lead-router');

async function wipe() {
  const kv = await store();
  for (const { name } of (await kv.list()).keys) await kv.delete(name);
  // What an isolate keeps is half a minute old at most.
  await world.control('clock', { add: 120_000 });
}

/** The shipped rubric under another name: its version tells it from the shipped one. */
const own = { ...readJson('rubric.json'), name: 'Our own rules' };

test('a KV that lost everything changes neither rubric nor roster', async () => {
  const { rubric_version: version } = await world.ask('PUT', '/v1/rubric', own);
  const before = await world.ask('GET', '/healthz');
  assert.equal(before.rubric_version, version);
  await wipe();
  const decision = assertDecision(await world.post(newLead()));
  assert.equal(decision.rubric_version, version);
  assert.equal(decision.outcome, 'assigned');
  assert.deepEqual(await world.ask('GET', '/healthz'), before);
  assert.equal((await world.ask('GET', '/v1/rubric')).name, 'Our own rules');
  assert.ok((await (await store()).list()).keys.some(({ name }) => name === 'rubric:current'), 'it is copied again');
});

test('with KV empty and the database down nothing is decided by rules that nobody published', async () => {
  await wipe();
  await world.control('fail', { place: 'D1', count: 1_000 });
  // The isolate keeps the last good copy; one that has none refuses. Publishing empties its memory.
  const answer = await world.post(newLead());
  if (answer.status === 200) assert.equal(assertDecision(answer).rubric_version, (await world.ask('GET', '/healthz')).rubric_version);
  else assertRefused(answer, 503, 'unavailable');
  await world.control('fail', { place: 'D1', count: 0 });
});

test('every version is kept and served', async () => {
  const first = await world.ask('PUT', '/v1/rubric', own);
  const second = await world.ask('PUT', '/v1/rubric', { ...own, name: 'Newer rules' });
  assert.notEqual(first.rubric_version, second.rubric_version);
  for (const [{ rubric_version: version }, name] of [[first, 'Our own rules'], [second, 'Newer rules']]) {
    assert.equal((await world.ask('GET', `/v1/rubric?version=${version}`)).name, name);
  }
  assertRefused(await world.admin('GET', '/v1/rubric?version=0000000000000000'), 404, 'not_found');
  const versions = await world.rows("SELECT count(*) AS n FROM config_versions WHERE kind = 'roster'");
  assert.ok(versions[0].n >= 1, 'the roster is kept as it was written');
});

test('a form that asks for an origin asks for it when KV is empty as well', async () => {
  await world.ask('PUT', '/v1/forms/guarded', { origins: ['https://acme.example'] });
  await wipe();
  const answer = await world.fetch('/forms/guarded', {
    method: 'POST',
    body: 'email=a%40stranger.example',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', origin: 'https://evil.example' },
  });
  assertRefused(answer, 403, 'origin_not_allowed');
  const unknown = await world.fetch('/forms/nobody-set-this-up', {
    method: 'POST',
    body: 'email=a%40stranger.example',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', origin: 'https://evil.example' },
  });
  assertRefused(unknown, 403, 'origin_not_allowed');
});
