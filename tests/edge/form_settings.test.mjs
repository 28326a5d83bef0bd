/** What a business says about a form, Turnstile, and limits on how often a form is posted. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { made } from '../../scripts/embed.mjs';
import { readJson, start, until } from './kit.mjs';
import { Turnstile } from './turnstile.mjs';

const BOOKING = 'https://book.example/rep-0';
const SITE = 'https://www.example.com';

let world;
let turnstile;
before(async () => {
  turnstile = new Turnstile();
  world = await start({ provider: turnstile });
  await world.smallWorld(1, { booking_url: BOOKING });
});
after(() => world.close());

let number = 0;
const somebody = (fields = {}) => new URLSearchParams({ email: `somebody-${(number += 1)}@fjordwerk.example`, ...fields });
const settings = (form, value) => world.ask('PUT', `/v1/forms/${form}`, value);
const json = (form, body, headers = {}) => {
  return world.form(form, body, { headers: { accept: 'application/json', ...headers } });
};
const lead = async (answer) => (await world.ask('GET', `/v1/leads/${answer.body.lead_id}`)).lead;

test('the sample is accepted, read back and listed', async () => {
  const sample = readJson('sample/forms/demo.json');
  const put = await settings('demo', sample);
  assert.deepEqual(put, { ...sample, id: 'demo' });
  assert.deepEqual(await world.ask('GET', '/v1/forms/demo'), put);
  assert.deepEqual(await settings('demo', put), put, 'an answer can be put again');
  const { forms } = await world.ask('GET', '/v1/forms');
  assert.ok(forms.some(({ id }) => id === 'demo'));
});

test('settings need the admin token, and everything wrong is told at once', async () => {
  assert.equal((await world.fetch('/v1/forms')).status, 401);
  assert.equal((await world.fetch('/v1/forms/demo')).status, 401);
  assert.equal((await world.admin('GET', '/v1/forms/nothing')).status, 404);
  const wrong = { fields: { q1: 'emial' }, origins: ['www.example.com'], thanks_url: 'thanks', turnstyle: true };
  const answer = await world.admin('PUT', '/v1/forms/wrong', wrong);
  assert.equal(answer.status, 422);
  const paths = answer.body.error.problems.map(({ path }) => path);
  assert.deepEqual(paths.sort(), ['fields.q1', 'origins[0]', 'thanks_url', 'turnstyle']);
  assert.equal((await world.admin('PUT', '/v1/forms/a%20b', {})).status, 422);
  assert.equal((await world.admin('PUT', '/v1/forms/one', { id: 'other' })).status, 422);
  assert.equal((await world.admin('PUT', '/v1/forms/large', { source: 'x'.repeat(64 * 1024) })).status, 413);
});

test('the form names its fields itself, and says what is required and where leads come from', async () => {
  await settings('own', { fields: { q1: 'email', q2: 'fields.budget' }, required: ['fields.budget'], source: 'partner page' });
  const answer = await json('own', new URLSearchParams({ q1: 'q@fjordwerk.example', q2: '10k' }));
  assert.equal(answer.status, 200);
  const taken = await lead(answer);
  assert.equal(taken.fields.budget, '10k');
  assert.equal(taken.source, 'partner page');
  const lacking = await json('own', new URLSearchParams({ q1: 'nobody', q2: '' }));
  assert.equal(lacking.status, 422);
  const found = lacking.body.error.problems.map(({ path, code }) => [path, code]);
  assert.deepEqual(found.sort(), [['q1', 'invalid_email'], ['q2', 'missing_field']], 'in the names of the form');
  const sent = await json('own', somebody({ q2: '1k', source: 'fair' }));
  assert.equal((await lead(sent)).source, 'partner page', 'a stranger does not say where a lead comes from');
  await settings('open', { accept_fields: ['source'] });
  assert.equal((await lead(await json('open', somebody({ source: 'fair' })))).source, 'fair');
});

test('the browser goes to the booking page, to the thank-you page, or to ours', async () => {
  const goesTo = async (form) => {
    const answer = await world.form(form, somebody());
    assert.equal(answer.status, 303);
    return answer.headers.get('location');
  };
  const thanks_url = `${SITE}/thanks`;
  await settings('book', { thanks_url });
  await settings('thank', { thanks_url, booking: false });
  await settings('plain', { booking: false });
  assert.equal(await goesTo('book'), BOOKING);
  assert.equal(await goesTo('thank'), thanks_url);
  assert.equal(await goesTo('plain'), '/forms/plain/thanks');
  const told = await json('thank', somebody());
  assert.equal(told.body.booking_url, null);
  assert.equal(told.body.thanks_url, thanks_url);
});

test('only pages of the listed origins may post, and every page may read why not', async () => {
  await settings('closed', { origins: [SITE] });
  const good = await json('closed', somebody(), { origin: SITE });
  assert.equal(good.status, 200);
  assert.equal(good.headers.get('access-control-allow-origin'), SITE);
  assert.equal(good.headers.get('vary'), 'origin');
  for (const origin of ['https://evil.example', 'null']) {
    const refused = await json('closed', somebody(), { origin });
    assert.equal(refused.status, 403);
    assert.equal(refused.body.error.code, 'origin_not_allowed');
    assert.equal(refused.headers.get('access-control-allow-origin'), origin);
  }
  const preflight = (origin) => world.fetch('/forms/closed', { method: 'OPTIONS', headers: { origin } });
  assert.equal((await preflight(SITE)).headers.get('access-control-allow-origin'), SITE);
  assert.equal((await preflight('https://evil.example')).headers.get('access-control-allow-origin'), null);
  assert.equal((await world.form('closed', somebody())).status, 303, 'a server has no origin');
});

test('UTM parameters of the page count where the form sends none', async () => {
  const referer = `${SITE}/demo?utm_source=newsletter&utm_campaign=spring&email=private%40x.example`;
  const answer = await json('visited', somebody({ utm_source: 'ads' }), { referer });
  const taken = await lead(answer);
  assert.equal(taken.utm.source, 'ads');
  assert.equal(taken.utm.campaign, 'spring');
  assert.equal(taken.fields.page, `${SITE}/demo`);
});

test('Turnstile: a token is good for one lead, and for that as often as it comes', async () => {
  await settings('guarded', { turnstile: true, origins: [SITE] });
  const token = (value) => ({ 'cf-turnstile-response': value });
  const missing = await json('guarded', somebody());
  assert.equal(missing.status, 422);
  assert.equal(missing.body.error.problems[0].code, 'missing_token');
  const body = somebody(token('good-1'));
  const first = await json('guarded', body);
  assert.equal(first.status, 200);
  const again = await json('guarded', body);
  assert.equal(again.body.lead_id, first.body.lead_id);
  const other = await json('guarded', somebody(token('good-1')));
  assert.equal(other.status, 422);
  assert.equal(other.body.error.problems[0].code, 'turnstile_refused');
  assert.equal((await json('guarded', somebody(token('bad')))).status, 422);
  assert.equal((await json('guarded', somebody(token(`good-${'x'.repeat(2048)}`)))).status, 422);
  const asked = turnstile.asked.length;
  const invalid = await json('guarded', new URLSearchParams({ email: 'no', ...token('good-2') }));
  assert.equal(invalid.status, 422);
  assert.equal(turnstile.asked.length, asked, 'a token is not used up by a form that has to be mended');
  const asJson = { email: 'json@fjordwerk.example', ...token('good-3') };
  const posted = await json('guarded', JSON.stringify(asJson), { 'content-type': 'application/json' });
  assert.equal(posted.status, 200);
  assert.equal((await lead(posted)).fields, undefined, 'the token is not kept');
});

test('Turnstile: a token of a page on another host is refused', async () => {
  turnstile.hostname = 'evil.example';
  const answer = await json('guarded', somebody({ 'cf-turnstile-response': 'good-host' }));
  turnstile.hostname = 'www.example.com';
  assert.equal(answer.status, 422);
});

test('Turnstile that is down loses no lead: it is taken in and marked', async () => {
  world.expectErrors('turnstile.unavailable');
  turnstile.down = true;
  const asked = turnstile.asked.length;
  const answer = await json('guarded', somebody({ 'cf-turnstile-response': 'good-down' }));
  turnstile.down = false;
  assert.equal(answer.status, 200);
  assert.equal(turnstile.asked.length - asked, 2, 'asked twice');
  const keys = turnstile.asked.slice(asked).map((it) => it.idempotency_key);
  assert.equal(keys[0], keys[1]);
  assert.deepEqual((await lead(answer)).notes, [{ path: 'cf-turnstile-response', code: 'turnstile_not_checked' }]);
});

test('a form cannot require Turnstile without a secret', async () => {
  const bare = await start();
  try {
    const answer = await bare.admin('PUT', '/v1/forms/guarded', { turnstile: true });
    assert.equal(answer.status, 422);
    assert.equal(answer.body.error.problems[0].code, 'missing_secret');
  } finally {
    await bare.close();
  }
});

test('a client that posts too often is told to wait, and its lead is taken afterwards', async () => {
  const limited = await start({ limits: { FORM_POSTS_PER_CLIENT: 3, FORM_POSTS_PER_FORM: 5 } });
  try {
    await limited.smallWorld(1);
    await limited.ask('PUT', '/v1/forms/two', { booking: false });
    const post = (form, address, wanted = 'application/json') => {
      const headers = { 'cf-connecting-ip': address, accept: wanted };
      return limited.form(form, somebody(), { headers });
    };
    // The counters begin anew with each minute of the clock: all posts go into one.
    await until(() => Date.now() % 60_000 < 45_000, 'new minute', 20_000);
    const statuses = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await post('one', '203.0.113.7')).status);
    assert.deepEqual(statuses, [200, 200, 200, 429], 'at the limit, and one past it');
    const refused = await post('one', '203.0.113.7');
    assert.equal(refused.headers.get('retry-after'), '60');
    assert.equal(refused.headers.get('access-control-allow-origin'), '*');
    assert.equal(refused.body.error.code, 'too_many_posts');
    const page = await post('one', '203.0.113.7', 'text/html');
    assert.equal(page.status, 429);
    assert.match(page.text, /send it again/);
    assert.equal((await post('one', '203.0.113.8')).status, 200, 'another client');
    assert.equal((await post('one', '203.0.113.9')).status, 200, 'the fifth post to the form');
    assert.equal((await post('one', '203.0.113.10')).status, 429, 'the sixth');
    assert.equal((await post('two', '203.0.113.10')).status, 200, 'another form');
  } finally {
    await limited.close();
  }
});

test('one of many leads of a client is taken in, and the rubric knows', async () => {
  const limited = await start({ limits: { FORM_POSTS_SOFT_LIMIT: 2 } });
  try {
    await limited.smallWorld(1);
    const post = async (address) => {
      const body = somebody();
      const answer = await limited.form('one', body, { headers: { 'cf-connecting-ip': address, accept: 'application/json' } });
      assert.equal(answer.status, 200);
      const { lead: kept, record } = await limited.ask('GET', `/v1/leads/${answer.body.lead_id}?record=1`);
      return [kept.notes, record.facts.known['lead.many_from_client']?.value];
    };
    const usual = [undefined, undefined];
    const oneOfMany = [[{ path: 'form', code: 'many_from_client' }], true];
    assert.deepEqual(await post('203.0.113.7'), usual);
    const rest = [];
    for (let index = 0; index < 4; index += 1) rest.push(await post('203.0.113.7'));
    // The counter begins anew with each minute of the clock, so that of five posts three are in one minute.
    const marked = rest.filter(([notes]) => notes);
    assert.ok(marked.length >= 1 && marked.length <= 3, `${marked.length} are marked`);
    for (const answer of rest) assert.deepEqual(answer, answer[0] ? oneOfMany : usual);
    assert.deepEqual(await post('203.0.113.8'), usual, 'another client');
  } finally {
    await limited.close();
  }
});

test('settings are in force everywhere within half a minute, here at once', async () => {
  await settings('changing', { booking: false });
  assert.equal((await world.form('changing', somebody())).headers.get('location'), '/forms/changing/thanks');
  await settings('changing', {});
  await until(async () => (await world.form('changing', somebody())).headers.get('location') === BOOKING, 'new settings');
});

test('the script is small, is kept by browsers, and may be loaded by every page', async () => {
  const answer = await world.fetch('/embed.js');
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/javascript/);
  assert.match(answer.headers.get('cache-control'), /max-age=3600/);
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const bytes = Buffer.byteLength(answer.text);
  assert.ok(bytes < 3072, `${bytes} bytes`);
  assert.equal(answer.text, made(), 'it is made of its source: run `node scripts/embed.mjs`');
});
