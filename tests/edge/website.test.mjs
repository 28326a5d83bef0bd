/** The company's own website: the page is read as it comes, in limits, and no server can send the router elsewhere. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Response } from 'miniflare';
import { SECRETS, readJson, start } from './kit.mjs';
import { assertDecision } from './shapes.mjs';

/** Limits of `src/domain/limits.rs` and `src/domain/website/mod.rs`. */
const PAGE_BYTES_MAX = 256 * 1024;
const TIMEOUT_MS = 3_000;

/** All websites there are, by URL. Nobody else is asked in this test, and nothing leaves the machine. */
class Websites {
  settings = { PDL_API_KEY: null };
  pages = {};
  calls = [];
  agents = new Set();
  stops = [];

  release() {
    for (const stop of this.stops) stop();
  }

  async answer(request) {
    this.calls.push(request.url);
    this.agents.add(request.headers.get('user-agent'));
    const page = this.pages[request.url];
    if (!page) throw new Error('no such server');
    return page();
  }

  /** How often URLs with this piece were asked for. */
  count(piece) {
    return this.calls.filter((url) => url.includes(piece)).length;
  }

  /** Never answers; ends with the world. */
  never() {
    return new Promise((resolve) => this.stops.push(() => resolve(new Response(null))));
  }
}

const html = (body, type = 'text/html; charset=utf-8') => () => new Response(body, { headers: { 'content-type': type } });
const moved = (location) => () => new Response(null, { status: 301, headers: { location } });
const jsonLd = (company) =>
  `<script type="application/ld+json">${JSON.stringify({ '@type': 'Organization', ...company })}</script>`;
const pumpwerk = { name: 'Pumpwerk', numberOfEmployees: 480, address: { addressCountry: 'DE' } };
const home = `<!doctype html><html><head><title>Welcome</title>${jsonLd(pumpwerk)}</head><body></body></html>`;

const sites = new Websites();
let world;
before(async () => {
  world = await start({ provider: sites });
  await world.seedSampleWorld();
  await publish(world);
});
after(() => world.close());

async function publish(to) {
  const enrichment = { deadline_ms: 5_000, stages: [['directory'], ['website']] };
  await to.ask('PUT', '/v1/rubric', { ...readJson('rubric.json'), enrichment });
}

const lead = (person, domain) => ({ email: `${person}@${domain}`, message: `Please call ${person} of ${domain}.` });
/** The question to the site; undefined when the answer was in the cache. */
const siteCall = (decision) => decision.enrichment.calls?.find((call) => call.provider === 'website');
const post = async (domain, person = 'ines') => siteCall(assertDecision(await world.post(lead(person, domain))));
const tried = (domain) => world.ask('POST', '/v1/providers/website/try', lead('tester', domain));
const said = (facts) => Object.fromEntries(Object.entries(facts).map(([field, fact]) => [field, fact.value]));

test('what a page says becomes facts', async () => {
  const numberOfEmployees = { minValue: 201, maxValue: 500 };
  const company = { numberOfEmployees, foundingDate: '1962', address: { addressCountry: 'Germany' } };
  sites.pages['https://pumpwerk-test.com/'] = html(`<!doctype html>
    <html><head>
    <title>Industrial pumps &ndash; Pumpwerk Test</title>
    <meta property="og:site_name" content="Pumpwerk &amp; S&ouml;hne">
    <meta name="generator" content="WordPress 6.8">
    <script>(function(w,d,s,l,i){j.src='https://www.googletagmanager.com/gtm.js?id='+i})(window,document)</script>
    <script async src="//js.hs-scripts.com/1234.js"></script>
    <script type="module" src="/own.js"></script>
    <script type="application/json">{"link": "https://js.stripe.com/"}</script>
    ${jsonLd(company)}
    </head><body><svg><title>Menu</title></svg></body></html>`);
  const { result, facts } = await tried('pumpwerk-test.com');
  assert.equal(result, 'found');
  assert.deepEqual(said(facts), {
    'company.country': 'de',
    'company.employees': 201,
    'company.founded_year': 1962,
    'company.name': 'Pumpwerk & Söhne',
    'company.technologies': ['google tag manager', 'hubspot', 'wordpress'],
  });
  assert.equal(facts['company.name'].provider, 'website');
  const [agent] = sites.agents;
  assert.match(agent, /lead-router/);
});

test('a page in another encoding is read, and one whose encoding nobody knows as UTF-8', async () => {
  const latin = Buffer.from(jsonLd({ name: 'Müller' }), 'latin1');
  const names = { 'text/html; charset=ISO-8859-1': latin, 'TEXT/HTML;charset="x-nobody"': jsonLd({ name: 'Müller' }) };
  let number = 0;
  for (const [type, body] of Object.entries(names)) {
    number += 1;
    sites.pages[`https://encoding-${number}.com/`] = html(body, type);
    const { facts } = await tried(`encoding-${number}.com`);
    assert.equal(facts['company.name']?.value, 'Müller', type);
  }
});

test('leads of a company ask its site once, and the answer is kept', async () => {
  sites.pages['https://crowd-test.com/'] = html(home);
  const people = Array.from({ length: 12 }, (_, index) => `person-${index}`);
  const calls = await Promise.all(people.map((person) => post('crowd-test.com', person)));
  assert.equal(sites.count('crowd-test.com'), 1);
  const results = calls.map((call) => call?.result ?? 'cached').sort();
  assert.equal(results.filter((result) => result === 'found').length, 1, results.join());
  const late = await post('crowd-test.com', 'later');
  assert.ok(late === undefined || late.result === 'found_shared', JSON.stringify(late));
  assert.equal(sites.count('crowd-test.com'), 1);
});

test('a redirect to www, and from there to a language, is followed', async () => {
  sites.pages['https://moved-test.com/'] = moved('https://WWW.moved-test.com:443/');
  sites.pages['https://www.moved-test.com/'] = moved('/de/?a=b');
  sites.pages['https://www.moved-test.com/de/?a=b'] = html(home);
  assert.equal((await post('moved-test.com')).result, 'found');
});

test('a redirect away from the company, from https or to a port is not followed', async () => {
  const targets = [
    'https://elsewhere-test.com/',
    '//elsewhere-test.com/',
    'https://away-0.com.elsewhere-test.com/',
    'https://elsewhere-test.com\\.away-3.com/',
    'http://away-4.com/safe',
    'https://away-5.com:8443/',
    'https://user:secret@away-6.com/safe',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://[::1]/',
    'https://169.254.169.254/latest/meta-data/',
    'data:text/html,x',
    'http://',
  ];
  for (const [number, target] of targets.entries()) {
    sites.pages[`https://away-${number}.com/`] = moved(target);
    const before = sites.calls.length;
    assert.equal((await post(`away-${number}.com`)).result, 'not_found', target);
    assert.deepEqual(sites.calls.slice(before), [`https://away-${number}.com/`], target);
  }
});

test('a site that moves for ever is left', async () => {
  sites.pages['https://loop-test.com/'] = moved('https://loop-test.com/');
  assert.equal((await post('loop-test.com')).result, 'not_found');
  assert.equal(sites.count('loop-test.com'), 4);
});

test('a page without end is read up to the limit, and what stands before counts', async () => {
  let bytes = 0;
  let isOver = false;
  sites.stops.push(() => {
    isOver = true;
  });
  const endless = () =>
    new ReadableStream({
      async pull(controller) {
        if (isOver) return controller.close();
        const chunk = Buffer.from(bytes === 0 ? home : '<p>more</p>'.repeat(2_000));
        bytes += chunk.byteLength;
        controller.enqueue(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      },
      cancel: () => {
        isOver = true;
      },
    });
  sites.pages['https://endless-test.com/'] = () => html(endless())();
  const call = await post('endless-test.com');
  assert.equal(call.result, 'found');
  assert.ok(call.ms < TIMEOUT_MS, `${call.ms} ms`);
  isOver = true;
});

test('a company that stands behind the limit is not read, and one that ends at it is', async () => {
  const company = jsonLd(pumpwerk);
  const behind = (bytes) => html(`<!--${'x'.repeat(bytes - 7)}-->${company}`);
  sites.pages['https://last-test.com/'] = behind(PAGE_BYTES_MAX - company.length);
  sites.pages['https://behind-test.com/'] = behind(PAGE_BYTES_MAX - company.length + '</script>'.length + 1);
  assert.equal((await tried('last-test.com')).result, 'found');
  assert.equal((await tried('behind-test.com')).result, 'not_found');
});

test('a slow site costs its time once', async () => {
  sites.pages['https://slow-test.com/'] = () => sites.never();
  const call = await post('slow-test.com');
  assert.equal(call.result, 'timeout');
  assert.ok(call.ms >= TIMEOUT_MS && call.ms < TIMEOUT_MS + 1_500, `${call.ms} ms`);
  const next = await post('slow-test.com', 'next');
  assert.ok(next === undefined || next.result === 'timeout_shared', JSON.stringify(next));
  assert.equal(sites.count('slow-test.com'), 1);
});

test('what is no page of HTML says nothing', async () => {
  const page = (status, type, body = home) => () => new Response(body, { status, headers: { 'content-type': type } });
  const cases = [
    [page(200, 'application/pdf'), 'not_found'],
    [page(200, 'application/json', JSON.stringify(pumpwerk)), 'not_found'],
    [page(200, 'text/html-not'), 'not_found'],
    [page(200, ''), 'not_found'],
    [page(404, 'text/html'), 'not_found'],
    [page(403, 'text/html'), 'not_found'],
    [page(503, 'text/html'), 'provider_try_later'],
    [page(200, 'text/html', ''), 'not_found'],
    [() => new Response(null, { status: 204 }), 'not_found'],
  ];
  for (const [number, [answer, expected]] of cases.entries()) {
    sites.pages[`https://kind-${number}.com/`] = answer;
    assert.equal((await tried(`kind-${number}.com`)).result, expected, `${number}`);
  }
});

test('what is no website of a company is not asked for', async () => {
  const before = sites.calls.length;
  for (const domain of ['gmail.com', 'printer.local', 'acme.example', 'metadata.internal']) {
    assert.equal((await tried(domain)).result, 'not_asked', domain);
  }
  assert.equal(sites.calls.length, before);
});

test('the list of providers has it: free, and set up without a key', async () => {
  const { providers } = await world.ask('GET', '/v1/providers');
  const { kind, is_set_up: isSetUp, stage, cost_usd_micros: cost } = providers.find(({ id }) => id === 'website');
  assert.deepEqual([kind, isSetUp, stage, cost], ['company', true, 2, 0]);
});

test('a base URL stands for all websites', async () => {
  const farm = new Websites();
  const base = 'http://farm.example:8080/web';
  farm.pages[`${base}/pumpwerk.example/`] = moved('https://www.pumpwerk.example/en');
  farm.pages[`${base}/www.pumpwerk.example/en`] = html(home);
  const other = await start({ provider: farm, vars: { ...SECRETS, WEBSITE_BASE_URL: base } });
  try {
    const { result } = await other.ask('POST', '/v1/providers/website/try', lead('tester', 'pumpwerk.example'));
    assert.equal(result, 'found', farm.calls.join());
  } finally {
    await other.close();
  }
});
