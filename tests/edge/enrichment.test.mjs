/** Enrichment over the platform: a late answer places the lead again, limits hold over all objects, accounts are asked about beforehand. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { readJson, start, until } from './kit.mjs';
import { PeopleDataLabs } from './people_data_labs.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

const large = { name: 'a large company', employee_count: 9_000, industry: 'machinery', location: { country: 'united states' } };
const domains = Array.from({ length: 6 }, (_, index) => `limit-${index}.example`);
const companies = Object.fromEntries(['late.example', 'warm-001.example', ...domains].map((domain) => [domain, large]));
const provider = new PeopleDataLabs({ companies });
let world;
before(async () => {
  world = await start({ provider, instrumented: true });
  await world.seedSampleWorld();
});
after(() => world.close());
afterEach(() => {
  provider.latencyMs = 0;
});

const lead = (person, domain) => ({ email: `${person}@${domain}`, country: 'us', form: 'demo', message: `Call ${person} of ${domain}.` });
const post = async (person, domain) => assertDecision(await world.post(lead(person, domain)));
const companyCall = (decision) => decision.enrichment.calls.find((call) => call.provider === 'pdl_company');

async function enrichment(changes) {
  const rubric = readJson('rubric.json');
  const stages = [['directory'], ['pdl_company']];
  const file = { ...rubric, enrichment: { ...rubric.enrichment, stages, ...changes } };
  const published = await world.ask('PUT', '/v1/rubric', file);
  assert.ok(published.rubric_version, JSON.stringify(published));
}

const recorded = (leadId) => world.rows('SELECT * FROM decisions WHERE lead_id = ? ORDER BY decision_id', leadId);

test('a lead that was decided at the deadline is placed again when the answer comes, once', async () => {
  await enrichment({ deadline_ms: 400 });
  provider.latencyMs = 900;
  const first = await post('ines', 'late.example');
  assert.equal(first.enrichment.stopped, 'deadline');
  assert.equal(companyCall(first).result, 'late');
  assert.equal(first.assignment.team, 'smb', 'nobody knows the size yet');
  await until(async () => (await recorded(first.lead_id)).length === 2, 'the second decision in the ledger');
  const { decision } = await world.ask('GET', `/v1/leads/${first.lead_id}`);
  assert.equal(decision.assignment.team, 'named-accounts');
  assert.equal(decision.decision_id, `${first.lead_id}-2`);
  assert.equal(decision.duplicate_of, null);
  assert.ok(decision.reasons.some(({ code }) => code === 'late_answer'), JSON.stringify(decision.reasons));
  const inbox = async (rep) => (await world.ask('GET', `/v1/reps/${rep}/inbox`)).inbox.filter((entry) => entry.lead_id === first.lead_id);
  assert.equal((await inbox(decision.assignment.rep_id)).length, 1);
  assert.equal((await inbox(first.assignment.rep_id)).length, 0, 'the first rep is no longer asked to call');
  const [[one], [two]] = [await recorded(first.lead_id), (await recorded(first.lead_id)).slice(1)];
  assert.deepEqual([one.rep_id, two.rep_id], [first.assignment.rep_id, decision.assignment.rep_id], 'the ledger keeps both');
  const again = assertDecision(await world.post(lead('ines', 'late.example')));
  assert.equal(again.decision_id, decision.decision_id, 'the sender who repeats the lead gets what holds');
  const other = await post('jo', 'late.example');
  assert.equal(other.assignment.rep_id, decision.assignment.rep_id, 'the account is with the rep who has it');
  assert.equal((await recorded(first.lead_id)).length, 2);
});

test('a provider is called as often as the rubric allows, whichever object asks', async () => {
  await enrichment({ limits: { pdl_company: { calls_per_day: 3, usd_per_day: 5 } } });
  const before = provider.count('company');
  const results = [];
  for (const domain of domains) results.push(companyCall(await post('anybody', domain)).result);
  assert.deepEqual(results, ['found', 'found', 'found', 'daily_cap_reached', 'daily_cap_reached', 'daily_cap_reached']);
  assert.equal(provider.count('company'), before + 3);
  const { limited } = await world.ask('GET', '/v1/providers?days=1');
  const cost = 3 * readJson('providers/pdl_company.json').cost_usd_micros;
  const limit = { calls_per_day: 3, usd_per_day: 5 };
  assert.deepEqual(limited, { pdl_company: { limit, calls_today: 3, cost_usd_micros_today: cost } });
});

test('limits that allow nothing, or are for nobody, are refused with the place', async () => {
  const rubric = readJson('rubric.json');
  const limits = { pdl_company: { calls_per_day: 0 }, pdl_compny: { usd_per_day: 1 }, pdl_person: {} };
  const refused = await world.admin('PUT', '/v1/rubric', { ...rubric, enrichment: { ...rubric.enrichment, limits } });
  assertRefused(refused, 422, 'invalid');
  const { problems } = refused.body.error;
  assert.deepEqual(problems.map(({ path, code }) => `${path} ${code}`).sort(), [
    'enrichment.limits.pdl_company.calls_per_day out_of_range',
    'enrichment.limits.pdl_compny unknown_provider',
    'enrichment.limits.pdl_person missing_field',
  ]);
});

test('accounts of the directory are asked about before their leads come', async () => {
  await enrichment({ warm_accounts_per_hour: 2 });
  const listed = await world.rows('SELECT domain FROM directory ORDER BY domain LIMIT 4');
  const before = provider.count('company');
  const worker = await world.mf.getWorker();
  // Messages are spread over the hour, so here the queue is looked over the shoulder.
  await worker.scheduled({ cron: '7 * * * *' });
  await world.deliver(listed.slice(0, 2).map(({ domain }) => JSON.stringify({ prefetch: { domain } })));
  assert.equal(provider.count('company'), before + 2);
  await world.deliver(listed.slice(0, 2).map(({ domain }) => JSON.stringify({ prefetch: { domain } })));
  assert.equal(provider.count('company'), before + 2, 'what is fresh in the cache is not asked for');
});
