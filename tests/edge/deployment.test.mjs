/** A deployment whose settings are wrong says so and takes nothing; one that is right keeps what it promises. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { SECRETS, environment, start } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertRefused } from './shapes.mjs';

/** A secret of the shortest length that a deployment takes. */
const long = (name) => name.padEnd(32, '0');
const OWN = { INTAKE_KEY: long('intake'), ADMIN_TOKEN: long('admin'), PERSON_KEY: long('person') };
const REMOTE = 'https://router.business.example';

let world;
afterEach(() => world.close());

test('the local environment answers on local names only', async () => {
  world = await start();
  for (const host of ['http://localhost', 'http://localhost:8787', 'http://127.0.0.1:8787', 'http://app.localhost', 'http://[::1]:8787']) {
    assert.equal((await world.fetch('/healthz', { host })).status, 200, host);
  }
  for (const host of [REMOTE, 'http://localhost.business.example', 'http://127.0.0.1.business.example', 'http://10.0.0.7', 'http://mylocalhost']) {
    assertRefused(await world.fetch('/healthz', { host }), 503, 'dev_environment');
    assertRefused(await world.post(newLead(), { host }), 503, 'dev_environment');
  }
});

for (const stage of ['staging', 'production']) {
  test(`${stage} without secrets names all that are missing`, async () => {
    world = await start({ stage });
    for (const path of ['/healthz', '/v1/decisions']) {
      const answer = await world.fetch(path, { host: REMOTE });
      const { problems } = assertRefused(answer, 503, 'misconfigured');
      assert.deepEqual(problems.map(({ path, code }) => [path, code]), Object.keys(OWN).map((name) => [name, 'missing_secret']));
    }
  });

  test(`${stage} refuses the secrets that are public`, async () => {
    world = await start({ stage, vars: { ...SECRETS, INTAKE_KEY: `own-key,${SECRETS.INTAKE_KEY}` } });
    const { problems } = assertRefused(await world.post(newLead(), { host: REMOTE }), 503, 'misconfigured');
    assert.deepEqual(problems.map(({ path, code }) => [path, code]), [...Object.keys(OWN), 'LINK_SECRET'].map((name) => [name, 'dev_secret']));
    assert.ok(problems.every(({ message }) => !Object.values(SECRETS).some((secret) => message.includes(secret))));
  });
}

test('a key that can be guessed is refused, also the second one', async () => {
  const short = 'x'.repeat(31);
  world = await start({ stage: 'production', vars: { ...OWN, INTAKE_KEY: `${long('a')},${short}`, ADMIN_TOKEN: short, LINK_SECRET: short } });
  const { problems } = assertRefused(await world.fetch('/healthz', { host: REMOTE }), 503, 'misconfigured');
  const found = problems.map(({ path, code }) => [path, code]);
  assert.deepEqual(found, ['INTAKE_KEY', 'ADMIN_TOKEN', 'LINK_SECRET'].map((name) => [name, 'short_secret']));
});

test('addresses that people are sent to are addresses', async () => {
  const vars = { ...OWN, PUBLIC_URL: 'https://a.example/"x', CRM_RECORD_URL: 'javascript:alert({id})', UNKNOWN_FORMS: 'maybe' };
  world = await start({ stage: 'production', vars });
  const { problems } = assertRefused(await world.fetch('/healthz', { host: REMOTE }), 503, 'misconfigured');
  assert.deepEqual(problems.map(({ path }) => path), ['UNKNOWN_FORMS', 'PUBLIC_URL', 'CRM_RECORD_URL']);
});

test('no environment logs requests, whose addresses may hold secrets and people', () => {
  world = { close() {} };
  for (const stage of [undefined, 'staging', 'production'].map((name) => environment(name))) {
    const { logs, traces } = stage.observability;
    assert.equal(logs.invocation_logs, false);
    assert.ok(!traces?.enabled);
    assert.ok(!stage.logpush && !stage.tail_consumers);
  }
});

test('a mode and a CRM that do not exist are named together', async () => {
  world = await start({ stage: 'production', vars: { ...OWN, MODE: 'rehearsal', CRM: 'spreadsheet' } });
  const { problems } = assertRefused(await world.fetch('/healthz', { host: REMOTE }), 503, 'misconfigured');
  assert.deepEqual(problems.map(({ path }) => path).sort(), ['CRM', 'MODE']);
});

test('two keys are valid at a time, for rotation', async () => {
  world = await start({ stage: 'production', vars: { ...OWN, INTAKE_KEY: `${long('old-key')}, ${long('new-key')}`, ADMIN_TOKEN: `${long('old-token')},${long('new-token')}` } });
  for (const token of ['old-key', 'new-key', 'new-token'].map(long)) {
    assert.equal((await world.post(newLead(), { token, host: REMOTE })).status, 200, token);
  }
  for (const token of [`${long('old-key')}, ${long('new-key')}`, `${long('old-key')},`, ',', long('old-key').toUpperCase(), 'old-key']) {
    assertRefused(await world.post(newLead(), { token, host: REMOTE }), 401, 'unauthorized');
  }
  const answer = await world.fetch('/v1/teams', { host: REMOTE, headers: { authorization: `bearer ${long('old-token')}` } });
  assert.equal(answer.status, 200);
});

test('in shadow mode a lead is decided and recorded, and nothing outside is written', async () => {
  world = await start({ vars: { MODE: 'shadow' } });
  await world.smallWorld(2);
  const answer = await world.post(newLead());
  assert.deepEqual([answer.body.outcome, answer.body.mode], ['assigned', 'shadow']);
  const [line] = await world.untilDrained(1, answer.body.lead_id);
  assert.equal(line.mode, 'shadow');
  for (const table of ['contacts', 'accounts', 'assignments']) {
    assert.deepEqual(await world.rows(`SELECT * FROM ${table}`), [], table);
  }
});
