/** What a stranger can try at the doors: other spellings of a form, fields that steer, keys of others, weight. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SECRETS, start } from './kit.mjs';
import { Turnstile } from './turnstile.mjs';

const SITE = 'https://www.example.com';
const EVIL = 'https://evil.example';

let world;
before(async () => {
  world = await start({ provider: new Turnstile() });
  await world.smallWorld(1);
  await world.ask('PUT', '/v1/forms/contact2', { turnstile: true, origins: [SITE], required: ['company'] });
});
after(() => world.close());

let number = 0;
const somebody = (fields = {}) => new URLSearchParams({ email: `door-${(number += 1)}@fjordwerk.example`, ...fields });
const json = (form, body, headers = {}, on = world) => on.form(form, body, { headers: { accept: 'application/json', ...headers } });
const lead = async (answer, on = world) => (await on.ask('GET', `/v1/leads/${answer.body.lead_id}`)).lead;

test('every spelling of an address is the same form, with its settings', async () => {
  for (const form of ['contact2', 'Contact2', 'CONTACT2', 'c%6Fntact2', 'c%6fntact2']) {
    const missing = await json(form, somebody());
    assert.equal(missing.status, 422, form);
    assert.deepEqual(missing.body.error.problems.map(({ code }) => code), ['missing_field'], form);
    assert.equal((await json(form, somebody({ company: 'F' }), { origin: EVIL })).status, 403, form);
    assert.equal((await json(form, somebody({ company: 'F' }))).body.error.problems[0].code, 'missing_token', form);
    const passed = await json(form, somebody({ company: 'F', 'cf-turnstile-response': `good-${form}` }));
    assert.equal(passed.status, 200, passed.text);
    assert.equal((await lead(passed)).form, 'contact2');
  }
});

test('an address that cannot be a form is none', async () => {
  for (const form of ['contact2%20', 'contact2%00', 'contact2%E2%80%8B', '%EF%BC%A3ontact2', 'contact2%zz', '_default', '_x', 'a'.repeat(65)]) {
    assert.equal((await json(form, somebody({ company: 'F' }))).status, 404, form);
    assert.equal((await world.fetch(`/forms/${form}`)).status, 404, form);
  }
});

test('a form nobody set up is as strict as the strictest', async () => {
  for (const form of ['contact2x', 'made-up']) {
    assert.equal((await json(form, somebody(), { origin: EVIL })).status, 403, form);
    assert.equal((await json(form, somebody())).body.error.problems[0].code, 'missing_token', form);
    assert.equal((await json(form, somebody({ 'cf-turnstile-response': `good-${form}` }))).status, 200, form);
  }
});

test('defaults hold for every form that does not say otherwise', async () => {
  await world.ask('PUT', '/v1/forms/_default', { booking: false, source: 'website', required: ['country'] });
  await world.ask('PUT', '/v1/forms/plain', {});
  await world.ask('PUT', '/v1/forms/special', { required: [], source: 'fair' });
  assert.equal((await json('plain', somebody())).body.error.problems[0].path, 'country');
  assert.equal((await lead(await json('plain', somebody({ country: 'de' })))).source, 'website');
  assert.equal((await lead(await json('special', somebody()))).source, 'fair');
  await world.ask('PUT', '/v1/forms/_default', {});
});

test('what steers a lead and is no answer of the person is left out, unless the form accepts it', async () => {
  const posted = () => JSON.stringify({
    email: `door-${(number += 1)}@fjordwerk.example`, source: 'partner', partner: 'acme',
    intent: [{ signal: 'pricing_page' }], incumbent: { rep_id: 'rep-0' }, title: 'CEO',
  });
  const media = { 'content-type': 'application/json' };
  const ignored = await lead(await json('plain', posted(), media));
  assert.deepEqual([ignored.source, ignored.partner, ignored.signals, ignored.incumbent, ignored.title],
    [undefined, undefined, undefined, undefined, 'CEO']);
  assert.deepEqual(ignored.notes.map(({ path, code }) => `${path} ${code}`),
    ['source', 'partner', 'intent', 'incumbent'].map((path) => `${path} field_not_accepted`));
  const hidden = await lead(await json('plain', somebody({ lead_source: 'partner', Partner: 'acme' })));
  assert.deepEqual([hidden.source, hidden.partner], [undefined, undefined]);
  await world.ask('PUT', '/v1/forms/trusting', { accept_fields: ['source', 'partner'] });
  const accepted = await lead(await json('trusting', posted(), media));
  assert.deepEqual([accepted.source, accepted.partner, accepted.signals], ['partner', 'acme', undefined]);
  assert.equal((await world.admin('PUT', '/v1/forms/wrong', { accept_fields: ['email'] })).status, 422);
});

test('a key belongs to whoever sent it', async () => {
  const key = 'order-1001';
  await world.ask('PUT', '/v1/forms/other', {});
  assert.equal((await json('plain', somebody(), { 'idempotency-key': key })).status, 200);
  assert.equal((await json('other', somebody(), { 'idempotency-key': key })).status, 200, 'another form');
  assert.equal((await json('plain', somebody(), { 'idempotency-key': key })).status, 409, 'the same form');
  const own = { email: 'order@fjordwerk.example' };
  assert.equal((await world.post(own, { key })).status, 200, 'a program');
  assert.equal((await world.post({ email: 'other@fjordwerk.example' }, { key })).status, 409);
  assert.equal((await world.post(own, { key, token: SECRETS.ADMIN_TOKEN })).status, 200, 'valid keys are one sender');
});

test('a form cannot take the key of a webhook', async () => {
  const guarded = await start({ vars: { GOOGLE_ADS_SECRET: 'k'.repeat(40) } });
  try {
    await guarded.smallWorld(1);
    await json('plain', somebody(), { 'idempotency-key': 'google-ads:lead-7' }, guarded);
    const body = { lead_id: 'lead-7', google_key: 'k'.repeat(40), user_column_data: [{ column_id: 'EMAIL', string_value: 'real@fjordwerk.example' }] };
    const media = { 'content-type': 'application/json' };
    const answer = await guarded.fetch('/hooks/google-ads', { method: 'POST', headers: media, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, answer.text);
    const rows = await guarded.untilDrained(2);
    assert.equal(rows.filter(({ duplicate_of: earlier }) => earlier).length, 0);
  } finally {
    await guarded.close();
  }
});

test('a public lead has 32 KiB at most, and holds each field once', async () => {
  const fields = (last) => Object.fromEntries([9_000, 9_000, 9_000, last].map((length, index) => [`q${index}`, 'x'.repeat(length)]));
  const email = 'weight@fjordwerk.example';
  const post = (last) => json('plain', new URLSearchParams({ email, ...fields(last) }));
  const short = await post(1);
  assert.equal(short.status, 200);
  // Timestamps are some bytes longer or shorter; the limit to the byte is a test of the core.
  const rest = 32 * 1024 - JSON.stringify(await lead(short)).length;
  assert.equal((await post(rest - 20)).status, 200);
  const refused = await post(rest + 20);
  assert.deepEqual([refused.status, refused.body.error.code], [413, 'lead_too_large']);
  await world.untilDrained(1, short.body.lead_id);
  const [{ record }] = await world.rows('SELECT record FROM decisions ORDER BY length(record) DESC LIMIT 1');
  assert.equal(record.split('x'.repeat(9_000)).length - 1, 3);
});

test('with UNKNOWN_FORMS=refuse there are only forms that somebody set up', async () => {
  const closed = await start({ vars: { UNKNOWN_FORMS: 'refuse' } });
  try {
    await closed.smallWorld(1);
    await closed.ask('PUT', '/v1/forms/known', {});
    assert.equal((await json('known', somebody(), {}, closed)).status, 200);
    assert.equal((await json('Known', somebody(), {}, closed)).status, 200);
    for (const path of ['/forms/unknown', '/forms/unknown/thanks']) assert.equal((await closed.fetch(path)).status, 404);
    assert.equal((await json('unknown', somebody(), {}, closed)).status, 404);
    assert.equal((await closed.fetch('/forms/unknown', { method: 'OPTIONS' })).status, 404);
  } finally {
    await closed.close();
  }
});
