/** The CRM outside: what it knows decides, what is decided it is told, each lead once, whatever fails on the way. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { untilWritten } from './hubspot.mjs';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { Played } from './played.mjs';
import { assertDecision } from './shapes.mjs';

let played;
let world;

before(async () => {
  played = await Played.start((base) => ({ HUBSPOT_BASE_URL: `${base}/hubspot`, HUBSPOT_TOKEN: 'pat-test' }));
  world = await start({ provider: played, vars: { CRM: 'hubspot' } });
  const ids = ['77', '78', '79'];
  const reps = ids.map((hubspot, index) => ({ id: `rep-${index}`, name: `Rep ${index}`, crm_ids: { hubspot } }));
  const members = reps.map(({ id }) => ({ rep_id: id, weight: 1 }));
  await world.roster({ reps, teams: [{ id: 'smb', name: 'Small business', strategy: 'fair_and_able', members }] });
});
after(() => world.close());

const ownerOf = { 'rep-0': '77', 'rep-1': '78', 'rep-2': '79' };
const contacts = async () => (await played.state('hubspot')).contacts.map((contact) => [contact.id, contact]);
const tasks = async () => (await played.state('hubspot')).tasks;
const contactOf = async (email) => (await contacts()).filter(([, contact]) => contact.email === email);
const decide = async (lead) => assertDecision(await world.post(lead));
const untilOwned = (email) =>
  until(async () => (await contactOf(email)).find(([, contact]) => contact.hubspot_owner_id), `contact ${email} with an owner`);

test('a lead is a contact with its owner, its reasons and one task, and its history says so', async () => {
  const lead = newLead();
  const decision = await decide(lead);
  const [id, contact] = await untilOwned(lead.email);
  assert.equal(contact.hubspot_owner_id, ownerOf[decision.assignment.rep_id]);
  assert.equal(contact.router_lead_id, decision.lead_id);
  assert.equal(contact.router_tier, decision.assignment.tier);
  assert.equal(contact.router_reason, decision.assignment.reason);
  await untilWritten(world, [decision]);
  const records = (await world.history(decision.lead_id, 'crm_written')).map(({ detail }) => detail.record_id);
  assert.deepEqual([...new Set(records)], [id]);
  const own = (await tasks()).filter((task) => task.router_effect_id === decision.decision_id);
  assert.equal(own.length, 1);
  assert.equal(own[0].hubspot_owner_id, contact.hubspot_owner_id);
});

test('whoever owns the contact in the CRM gets the lead, and the record says why', async () => {
  const lead = newLead();
  await played.change('hubspot', { contact: { email: lead.email, hubspot_owner_id: '79' } });
  const decision = await decide(lead);
  assert.equal(decision.assignment.rep_id, 'rep-2');
  assert.equal(decision.reasons[0].code, 'account_owner');
  assert.match(decision.reasons[0].text, /owns this person's record \(crm\)/);
  assert.equal(decision.enrichment.crm, 'live');
  const again = await decide({ ...lead, message: 'once more' });
  assert.equal(again.enrichment.crm, 'snapshot');
});

test('an owner whom a person changed after the decision stays, and the lead goes with it', async () => {
  const lead = newLead();
  const first = await decide(lead);
  const [id, contact] = await untilOwned(lead.email);
  const theirs = Object.values(ownerOf).find((owner) => owner !== contact.hubspot_owner_id);
  await played.change('hubspot', { set: { kind: 'contacts', id: Number(id), hubspot_owner_id: theirs } });
  const third = Object.keys(ownerOf).find((rep) => ![contact.hubspot_owner_id, theirs].includes(ownerOf[rep]));
  // An operator hands the lead on without knowing of it.
  const handed = await world.ask('POST', `/v1/leads/${first.lead_id}/reassign`, { to: third });
  assert.equal(handed.rep_id, third);
  await until(async () => (await world.history(first.lead_id, 'owner_drift')).length === 1, 'owner drift');
  const rep = Object.keys(ownerOf).find((rep) => ownerOf[rep] === theirs);
  const standing = await until(async () => {
    const { decision } = await world.ask('GET', `/v1/leads/${first.lead_id}`);
    return decision.assignment.rep_id === rep && decision;
  }, 'decision for the owner in the CRM');
  assert.equal(standing.decision_id, `${first.lead_id}-3`);
  await untilWritten(world, [first], 2);
  const [, now] = (await contactOf(lead.email))[0];
  assert.equal(now.hubspot_owner_id, theirs);
});

test('a CRM that fails for a while has every lead once in the end', async () => {
  const leads = Array.from({ length: 5 }, () => newLead());
  // The consultations of five leads meet ten of them, the writes the others.
  played.faults.push(...Array.from({ length: 12 }, (_, index) => [503, 502, 500][index % 3]));
  const decisions = await Promise.all(leads.map((lead) => decide(lead)));
  for (const [index, lead] of leads.entries()) {
    const [, contact] = await until(
      async () => (await contactOf(lead.email)).find(([, own]) => own.router_lead_id === decisions[index].lead_id && own.hubspot_owner_id),
      `contact of lead ${index}`,
      60_000,
    );
    assert.equal((await contactOf(lead.email)).length, 1);
    assert.equal(contact.hubspot_owner_id, ownerOf[decisions[index].assignment.rep_id]);
  }
  played.faults.length = 0;
  const mine = new Set(decisions.map(({ decision_id: id }) => id));
  await until(async () => (await tasks()).filter((task) => mine.has(task.router_effect_id)).length === 5, 'five tasks', 60_000);
});

test('a rep who is nobody in the CRM waits until the roster says who they are', async () => {
  await world.roster({
    reps: [{ id: 'new', name: 'New' }],
    teams: [{ id: 'smb', name: 'Small business', members: [{ rep_id: 'new' }] }],
  });
  const lead = newLead();
  const decision = await decide(lead);
  assert.equal(decision.assignment.rep_id, 'new');
  await until(() => world.events('crm.again').some((line) => line.code === 'rep_without_crm_id'), 'a try that has to wait');
  assert.equal((await contactOf(lead.email)).filter(([, contact]) => contact.hubspot_owner_id).length, 0);
  await world.roster({ reps: [{ id: 'new', name: 'New', crm_ids: { hubspot: '78' } }] });
  const [, contact] = await until(
    async () => (await contactOf(lead.email)).find(([, own]) => own.hubspot_owner_id),
    'contact with an owner',
    60_000,
  );
  assert.equal(contact.hubspot_owner_id, '78');
});

test('two hundred leads at once: each written once, no limit of the vendor exceeded, little to ask', async () => {
  const before = (await played.state('hubspot')).calls ?? {};
  const sum = (calls) => Object.values(calls).reduce((all, count) => all + count, 0);
  const leads = Array.from({ length: 200 }, () => newLead());
  const decisions = await Promise.all(leads.map((lead) => decide(lead)));
  const ids = new Set(decisions.map(({ lead_id: id }) => id));
  await until(
    async () => (await contacts()).filter(([, own]) => ids.has(own.router_lead_id) && own.hubspot_owner_id).length === 200,
    '200 contacts',
    120_000,
  );
  const mine = new Set(decisions.map(({ decision_id: id }) => id));
  await until(async () => (await tasks()).filter((task) => mine.has(task.router_effect_id)).length === 200, '200 tasks', 60_000);
  const state = await played.state('hubspot');
  assert.deepEqual(
    Object.entries(state.exceeded ?? {}).filter(([, count]) => count > 0),
    [],
  );
  for (const lead of leads) assert.equal((await contactOf(lead.email)).length, 1);
  console.log(`${sum(state.calls) - sum(before)} calls for 200 leads`);
});
