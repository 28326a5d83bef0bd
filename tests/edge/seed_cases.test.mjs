/** The cases that static round-robin gets wrong, with the sample world, and the reasons that the answers give. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readJson, start } from './kit.mjs';
import { daysAgo, newLead } from './leads.mjs';
import { PeopleDataLabs } from './people_data_labs.mjs';
import { assertDecision, assertRefused, reason } from './shapes.mjs';

const NAMED_REPS = ['amara-okafor', 'jonas-weidmann', 'mei-ling-tan'];
const sample = (name) => readJson(`sample/leads/${name}.json`);

const provider = new PeopleDataLabs({
  people: {
    'linkedin.com/in/ottilie-vandermeer-test': {
      full_name: 'ottilie vandermeer',
      job_title: 'vp engineering',
      job_title_levels: ['vp'],
      job_title_role: 'engineering',
      job_company_name: 'brontosaur industries',
      job_company_website: 'brontosaur-industries.example',
      job_company_size: '5001-10000',
      location_country: 'netherlands',
    },
    'linkedin.com/in/casimir-underling-test': {
      full_name: 'casimir underling',
      job_title: 'engineer',
      job_title_levels: ['entry'],
      job_company_name: 'brontosaur industries',
      job_company_website: 'brontosaur-industries.example',
      job_company_size: '5001-10000',
      location_country: 'netherlands',
    },
  },
  companies: {
    'brontosaur-industries.example': {
      name: 'brontosaur industries',
      size: '5001-10000',
      employee_count: 7400,
      industry: 'machinery',
      website: 'brontosaur-industries.example',
      location: { country: 'netherlands' },
    },
  },
});

let world;
before(async () => {
  world = await start({ provider });
  await world.seedSampleWorld();
});
after(() => world.close());

test('a hidden enterprise lead whose company the directory knows goes to the named-account team', async () => {
  const decision = assertDecision(await world.post(sample('hidden-enterprise')));
  assert.equal(decision.assignment.team, 'named-accounts');
  assert.equal(decision.assignment.tier, 'A');
  assert.ok(NAMED_REPS.includes(decision.assignment.rep_id), decision.assignment.rep_id);
  assert.match(reason(decision, 'hidden_enterprise').text, /5,000/);
  assert.match(decision.assignment.reason, /5,000/);
  assert.equal(decision.assignment.recommended_sla_minutes, 5);
});

test('a hidden enterprise lead that says nothing but a LinkedIn profile goes to the named-account team', async () => {
  const before = provider.count('person');
  const answer = await world.post({
    email: 'ottilie-v@gmail.com',
    linkedin_url: 'https://www.linkedin.com/in/ottilie-vandermeer-test/',
  });
  const decision = assertDecision(answer);
  assert.equal(decision.assignment.team, 'named-accounts');
  assert.equal(decision.assignment.tier, 'A');
  reason(decision, 'hidden_enterprise');
  assert.equal(provider.count('person'), before + 1, 'the provider is asked once about the person');
  assert.ok(decision.enrichment.providers_called >= 1);
});

test('somebody junior at the same company is no hidden enterprise lead', async () => {
  const answer = await world.post({
    email: 'casimir-u@gmail.com',
    linkedin_url: 'https://www.linkedin.com/in/casimir-underling-test',
  });
  const decision = assertDecision(answer);
  assert.notEqual(decision.assignment.tier, 'A');
  assert.ok(decision.reasons.every(({ code }) => code !== 'hidden_enterprise'));
});

test('a person whom nobody knows stays with the small-business team', async () => {
  const decision = assertDecision(await world.post(sample('free-mail-nobody')));
  assert.equal(decision.assignment.team, 'smb');
});

test('a lead at an account that a rep owns goes to that rep', async () => {
  const decision = assertDecision(await world.post(sample('owned-account')));
  assert.equal(decision.assignment.rep_id, 'jonas-weidmann');
  assert.match(reason(decision, 'account_owner').text, /Jonas Weidmann owns this account/);
  assert.match(decision.assignment.reason, /you own this account/);
});

test('the owner gets the lead also when the address is private and only the company names the account', async () => {
  const lead = { email: 'friedhelm-siemens-test@gmail.com', company: 'Siemens AG', title: 'Buyer', source: 'website' };
  const decision = assertDecision(await world.post(lead));
  assert.equal(decision.assignment.rep_id, 'jonas-weidmann');
  reason(decision, 'account_owner');
});

test('a full and unresponsive rep gets none of ten leads, the one who is online and has room gets all', async () => {
  const before = await world.rep('dana-whitfield');
  assert.deepEqual([before.open_leads, before.recent], [200, { worked_in_time: 0, of: 30 }]);
  const first = assertDecision(await world.post(sample('capacity')));
  const others = Array.from({ length: 9 }, () => newLead({ employees: 600, title: 'CFO', form: 'demo' }));
  const answers = await Promise.all(others.map((lead) => world.post(lead)));
  for (const decision of [first, ...answers.map((answer) => assertDecision(answer))]) {
    assert.equal(decision.assignment.team, 'amer-mid-market');
    assert.equal(decision.assignment.rep_id, 'luis-carvalho');
    assert.match(reason(decision, 'unresponsive').text, /Dana Whitfield: has 200 open leads/);
  }
  assert.equal((await world.rep('dana-whitfield')).open_leads, 200);
  assert.equal((await world.rep('luis-carvalho')).open_leads, 50);
});

test('a person who writes again is a duplicate and stays with the rep, who is not charged twice', async () => {
  const lead = newLead({ employees: 300, intent: [{ signal: 'pricing_page', at: daysAgo(2) }] });
  const first = assertDecision(await world.post(lead));
  const { rep_id: rep } = first.assignment;
  const { open_leads: open } = await world.rep(rep);
  const second = assertDecision(await world.post({ ...lead, message: 'Any news?' }));
  assert.notEqual(second.lead_id, first.lead_id);
  assert.equal(second.duplicate_of, first.lead_id);
  assert.equal(second.assignment.rep_id, rep);
  reason(second, 'same_person');
  assert.equal((await world.rep(rep)).open_leads, open);
});

test('a partner referral goes to the partner team, also past the owner of the account', async () => {
  const referred = assertDecision(await world.post(sample('partner-referral')));
  assert.equal(referred.assignment.team, 'partners');
  reason(referred, 'partner_referral');
  const owned = { ...sample('owned-account'), email: 'hartmut.partner@siemens.com', partner: 'canal-street-consulting' };
  const decision = assertDecision(await world.post(owned));
  assert.equal(decision.assignment.team, 'partners');
  assert.ok(decision.reasons.every(({ code }) => code !== 'account_owner'));
});

test('a customer who wants more goes to the owner of the account in the first tier', async () => {
  const decision = assertDecision(await world.post(sample('customer-expansion')));
  assert.equal(decision.assignment.rep_id, 'luis-carvalho');
  assert.equal(decision.assignment.tier, 'A');
  reason(decision, 'customer_expansion');
  reason(decision, 'account_owner');
});

for (const [name, code] of [['competitor', 'competitor'], ['student', 'student'], ['job-seeker', 'job_seeker']]) {
  test(`the ${name} of the sample is rejected and nobody is charged`, async () => {
    const charged = async () => {
      const { reps } = await world.ask('GET', '/v1/reps');
      return reps.reduce((sum, rep) => sum + rep.open_leads, 0);
    };
    const before = await charged();
    const decision = assertDecision(await world.post(sample(name)), 'rejected');
    assert.equal(decision.reasons[0].code, code);
    assert.equal(await charged(), before);
  });
}

test('every sample lead is routed, and each ends as one line of the ledger', async () => {
  const names = ['named-account', 'dach-mid-market', 'us-mid-market', 'small-business', 'minimal'];
  const teams = ['named-accounts', 'dach', 'amer-mid-market', 'smb', 'smb'];
  for (const [index, name] of names.entries()) {
    const decision = assertDecision(await world.post(sample(name)));
    assert.equal(decision.assignment.team, teams[index], name);
    await world.untilDrained(1, decision.lead_id);
  }
});

test('a provider that fails or refuses delays nothing and loses nothing', async () => {
  for (const status of [402, 429, 500]) {
    provider.status = status;
    const answer = await world.post({ email: `nobody-${status}@gmail.com`, linkedin_url: `https://linkedin.com/in/nobody-${status}` });
    assert.equal(assertDecision(answer).assignment.team, 'smb');
  }
  provider.status = 200;
});

test('a lead without an address is refused before anything is asked', async () => {
  const before = provider.calls.length;
  assertRefused(await world.post({ company: 'Siemens' }), 422, undefined, ['email']);
  assert.equal(provider.calls.length, before);
});
