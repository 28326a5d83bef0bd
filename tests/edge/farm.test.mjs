/**
 * Every provider that ships, played in its documented format by the farm: the Worker asks as documented, and reads
 * exactly the facts that the provider was given.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DESCRIPTIONS, Farm } from '../fakes/providers/farm.mjs';
import { DOCUMENTED, NONE, draw } from '../fakes/providers/weather.mjs';
import { World as Subjects } from '../fakes/providers/world.mjs';
import { start } from './kit.mjs';

/** Enough subjects that each provider knows some and does not know others, has gaps, and answers in ranges. */
const subjects = new Subjects({ companies: 30 });
const [stranger] = new Subjects({ seed: 'elsewhere', companies: 1 }).people;
let farm;
let world;
before(async () => {
  farm = await Farm.start({ world: subjects });
  const settings = { ...farm.settings(), DATABAR_COMPANY_ENRICHMENTS: '833', DATABAR_PERSON_ENRICHMENTS: '833' };
  const provider = { settings, answer: (request) => forward(request), release() {} };
  world = await start({ provider });
});
after(async () => {
  await world.close();
  await farm.close();
});

const forward = ({ url, method, headers, body }) => fetch(url, { method, headers, body, duplex: 'half' });

/** A lead that says all that a provider may be asked by. */
function leadOf({ email, first_name: first, last_name: last, linkedin_url: profile, company }) {
  return {
    email,
    first_name: first,
    last_name: last,
    linkedin_url: `https://www.${profile}`,
    website: company.domain,
    company: company['company.name'],
  };
}

const attempt = (id, lead) => world.ask('POST', `/v1/providers/${id}/try`, lead);
const values = (facts) => Object.fromEntries(Object.entries(facts).map(([path, { value }]) => [path, value]));

/** Tries a provider about a person and compares the answer with what the provider knows. */
async function compare(id, person) {
  const subject = DESCRIPTIONS[id].kind === 'person' ? person : person.company;
  const known = farm.facts(id, subject);
  const tried = await attempt(id, leadOf(person));
  assert.equal(tried.result, known ? 'found' : 'not_found', `${id} about ${subject.email ?? subject.domain}`);
  assert.deepEqual(values(tried.facts), known ?? {}, `${id} about ${subject.email ?? subject.domain}`);
  return Boolean(known);
}

/** Providers and questions at the same time: few enough that no call runs into its time limit on a busy machine. */
const PROVIDERS_AT_ONCE = 3;
const QUESTIONS_AT_ONCE = 8;

describe('a provider is read exactly', { concurrency: PROVIDERS_AT_ONCE }, () => {
  for (const [id, { poll }] of Object.entries(DESCRIPTIONS)) {
    test(`${id}: what it knows comes back as those facts, and nothing else`, async () => {
      const known = await inTurn(subjects.people, poll ? Infinity : QUESTIONS_AT_ONCE, (person) => compare(id, person));
      assert.ok(known.includes(true), `${id} knows nobody`);
      assert.equal(farm.calls('unknown'), 0, JSON.stringify(farm.asked.unknown));
      assert.ok(farm.calls(id) >= known.length * (poll?.request ? 2 : 1));
    });

    test(`${id}: somebody who does not exist is not found`, async () => {
      const { result, facts } = await attempt(id, leadOf(stranger));
      assert.deepEqual([result, facts], ['not_found', {}]);
    });
  }
});

/** Calls `ask` with every item, so many at a time. */
async function inTurn(items, atOnce, ask) {
  const answers = [];
  for (let from = 0; from < items.length; from += atOnce) {
    answers.push(...(await Promise.all(items.slice(from, from + atOnce).map(ask))));
  }
  return answers;
}

describe('faults', () => {
  test('a provider that is down fails until it is up, and the others do not', async () => {
    const [person] = subjects.people;
    farm.down('pdl_company');
    assert.equal((await attempt('pdl_company', leadOf(person))).result, 'provider_try_later');
    assert.ok(await compare('apollo_company', person));
    farm.up('pdl_company');
    assert.ok(await compare('pdl_company', person));
  });

  test('a key that the provider does not know is a bad key, wherever it stands', async () => {
    const keys = { ...farm.keys };
    for (const name of Object.keys(keys)) farm.keys[name] = 'another key';
    const tried = await Promise.all(Object.keys(DESCRIPTIONS).map((id) => attempt(id, leadOf(subjects.people[0]))));
    farm.keys = keys;
    for (const { provider, result } of tried) assert.equal(result, 'provider_bad_key', provider);
  });
});

describe('the farm itself', () => {
  const fates = (weather) => Array.from({ length: 20_000 }, (_, index) => draw(weather, 'seed', 'acme', index, 1));

  test('latencies and faults have the shares that the weather says', () => {
    const drawn = fates(DOCUMENTED);
    const ms = drawn.map((one) => one.ms).sort((one, other) => one - other);
    assert.ok(Math.abs(ms[10_000] / DOCUMENTED.median_ms - 1) < 0.05, `${ms[10_000]} ms`);
    assert.ok(Math.abs(ms[19_000] / DOCUMENTED.p95_ms - 1) < 0.05, `${ms[19_000]} ms`);
    for (const fate of ['never', 'fault', 'throttled']) {
      const share = drawn.filter((one) => one.fate === fate).length / drawn.length;
      assert.ok(Math.abs(share - DOCUMENTED[fate]) < 0.005, `${fate} ${share}`);
    }
    assert.ok(fates(NONE).every(({ ms: none, fate }) => none === 0 && fate === 'answer'));
    assert.deepEqual(drawn, fates(DOCUMENTED), 'the same question has the same fate');
    assert.notDeepEqual(
      draw(DOCUMENTED, 'seed', 'acme', 1, 1),
      draw(DOCUMENTED, 'seed', 'acme', 1, 2),
      'the next try another',
    );
  });

  test('a request that is not the documented one is refused', async () => {
    const key = farm.keys.PDL_API_KEY;
    const ask = (query) =>
      fetch(`http://127.0.0.1:${farm.port}/pdl/company/enrich?${query}`, { headers: { 'x-api-key': key } });
    const [{ domain }] = subjects.companies;
    assert.notEqual((await ask(`website=${domain}&min_likelihood=4`)).status, 400);
    assert.equal((await ask(`website=${domain}`)).status, 400, 'a fixed part is missing');
    assert.equal((await ask(`website=${domain}&min_likelihood=4&more=1`)).status, 400, 'something nobody documents');
    assert.equal(farm.calls('unknown'), 2);
  });
});
