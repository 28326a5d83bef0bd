/** People of one company who arrive in the same instant meet the same rep. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { shardOf, start } from './kit.mjs';
import { newLead } from './leads.mjs';
import { PeopleDataLabs } from './people_data_labs.mjs';
import { assertDecision } from './shapes.mjs';

const REPS = 6;
const people = {};
const provider = new PeopleDataLabs({ people });

let world;
before(async () => {
  world = await start({ provider });
  await world.smallWorld(REPS);
});
after(() => world.close());

/** Posts leads at once; their decisions. */
async function atOnce(leads) {
  const answers = await Promise.all(leads.map((lead) => world.post(lead)));
  return answers.map((answer) => assertDecision(answer));
}

const reps = (decisions) => new Set(decisions.map(({ assignment }) => assignment.rep_id));

/** A person who writes from a private address and whose employer only the provider knows. */
function privately(domain, mailbox = `private.${domain.split('.')[0]}@gmail.com`) {
  const slug = mailbox.split('@')[0].replaceAll('.', '-');
  people[`linkedin.com/in/${slug}`] = {
    job_title: 'office manager',
    job_title_levels: ['manager'],
    job_company_name: domain.split('.')[0],
    job_company_website: domain,
    job_company_size: '11-50',
  };
  return { email: mailbox, linkedin_url: `https://www.linkedin.com/in/${slug}`, employees: 20 };
}

test('two people of one company in the same instant get the same rep, at each of 20 companies', async () => {
  const companies = Array.from({ length: 20 }, (_, index) => `pair-${index}.example`);
  const leads = companies.flatMap((domain) => ['ada', 'bob'].map((name) => newLead({ email: `${name}@${domain}` })));
  const decisions = await atOnce(leads);
  for (const [index, domain] of companies.entries()) {
    assert.equal(reps(decisions.slice(2 * index, 2 * index + 2)).size, 1, domain);
  }
  assert.equal(reps(decisions).size, REPS, 'the companies are shared among all reps');
});

test('twenty people of one company in the same instant get the same rep, and all of them count', async () => {
  const leads = Array.from({ length: 20 }, (_, index) => newLead({ email: `person-${index}@crowd.example` }));
  const before = await world.ask('GET', '/v1/reps');
  const decisions = await atOnce(leads);
  assert.equal(reps(decisions).size, 1);
  const [rep] = reps(decisions);
  const opened = before.reps.find(({ id }) => id === rep).open_leads;
  assert.equal((await world.rep(rep)).open_leads, opened + 20);
  assert.equal(new Set(decisions.map(({ lead_id: id }) => id)).size, 20);
  assert.equal(decisions.filter(({ reasons }) => reasons.some(({ code }) => code === 'account_owner')).length, 19);
});

test('a private address with an employer and a colleague with a company address get the same rep', async () => {
  for (const latencyMs of [0, 5, 40]) {
    provider.latencyMs = latencyMs;
    const companies = Array.from({ length: 6 }, (_, index) => `employer-${latencyMs}-${index}.example`);
    const leads = companies.flatMap((domain) => [privately(domain), newLead({ email: `colleague@${domain}` })]);
    const decisions = await atOnce(leads);
    for (const [index, domain] of companies.entries()) {
      assert.equal(reps(decisions.slice(2 * index, 2 * index + 2)).size, 1, `${domain} at ${latencyMs} ms`);
    }
  }
  provider.latencyMs = 0;
});

test('the private address comes first, the colleague later, and the other way round', async () => {
  const [first] = await atOnce([privately('slow-one.example')]);
  const [second] = await atOnce([newLead({ email: 'later@slow-one.example' })]);
  assert.equal(second.assignment.rep_id, first.assignment.rep_id);
  const [third] = await atOnce([newLead({ email: 'early@slow-two.example' })]);
  const [fourth] = await atOnce([privately('slow-two.example')]);
  assert.equal(fourth.assignment.rep_id, third.assignment.rep_id);
});

test('private address and employer that live in the same account shard do not wait for each other', async () => {
  const domain = 'same-shard.example';
  const mailbox = Array.from({ length: 5_000 }, (_, index) => `neighbour${index}@gmail.com`).find((address) => {
    return shardOf(address) === shardOf(domain);
  });
  const decisions = await atOnce([privately(domain, mailbox), newLead({ email: `colleague@${domain}` })]);
  assert.equal(reps(decisions).size, 1);
});

test('three private addresses of one employer in the same instant get the same rep', async () => {
  const domain = 'three-privately.example';
  const leads = ['uno', 'due', 'tre'].map((name) => privately(domain, `${name}.three@gmail.com`));
  assert.equal(reps(await atOnce(leads)).size, 1);
});

test('private addresses without an employer do not share an account', async () => {
  const leads = Array.from({ length: 24 }, (_, index) => ({ email: `stranger${index}@gmail.com` }));
  assert.equal(reps(await atOnce(leads)).size, REPS);
});
