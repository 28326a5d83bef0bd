/** What others change in HubSpot is taken over, by the cron and by its webhook; a contact that they make becomes a lead once. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { OWNER_OF, VARS, contactsOf, playHubspot, repOf, sellers, untilWritten } from './hubspot.mjs';
import { WORKER, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';

const CLIENT_SECRET = 'hubspot-client-secret';
const PORTAL = 3;

/** Long enough ago that the search of HubSpot has it. */
const at = () => new Date(Date.now() - 10_000).toISOString();

/** A world that ends with the test. */
async function startFor(t, vars = {}) {
  const played = await playHubspot();
  const world = await start({ provider: played, vars: { ...VARS, HUBSPOT_CLIENT_SECRET: CLIENT_SECRET, ...vars } });
  t.after(() => world.close());
  await sellers(world);
  const cron = async () => (await world.mf.getWorker(WORKER)).scheduled({ cron: '*/5 * * * *' });
  /** A contact that somebody else makes; its id. */
  const contact = async ({ email, ...properties }) => {
    world.remember({ email, name: properties.lastname });
    await played.change('hubspot', { contact: { email, ...properties }, at: at() });
    return (await contactsOf(played, email))[0].id;
  };
  const set = (kind, id, properties) => played.change('hubspot', { set: { kind, id: Number(id), ...properties }, at: at() });
  return { played, world, cron, contact, set, decide: async (lead) => assertDecision(await world.post(lead)) };
}

const decisionsOf = async (world, email) => (await world.ask('GET', `/v1/decisions?${new URLSearchParams({ email })}`)).decisions;
const untilLead = (world, email) => until(async () => (await decisionsOf(world, email))[0], 'lead');
/** What each run of the cron that found anything said: people, accounts, leads. */
const synced = (world) => world.events('crm.synced').map(({ detail }) => detail.match(/\d+/g).map(Number));
/** Calls that ask HubSpot about a person or a company before a decision. */
const asked = (played) => played.requests.filter((request) => /^GET .*\/contacts\/|companies\/search$/.test(request)).length;

/** Another owner than this one. */
const otherThan = (owner) => Object.values(OWNER_OF).find((other) => other !== owner);

/** The next lead of somebody whom the mirror knows: decided without asking HubSpot. */
async function decideByMirror({ played, decide }, lead) {
  const before = asked(played);
  const decision = await decide({ ...lead, message: 'Once more.' });
  assert.equal(asked(played), before, 'HubSpot was asked');
  assert.equal(decision.enrichment.crm, 'snapshot');
  return decision;
}

test('a contact that somebody else made becomes a lead, once over many runs', async (t) => {
  const { played, world, cron, contact } = await startFor(t, { CRM_PULL: 'on' });
  const email = 'quentina@pulled.example';
  const id = await contact({ email, firstname: 'Quentina', lastname: 'Pulled-Zwingli', jobtitle: 'Office Manager', numemployees: '20' });
  await cron();
  const line = await untilLead(world, email);
  await Promise.all([cron(), cron()]);
  await untilWritten(world, [line]);
  await cron();
  const [own, ...others] = await contactsOf(played, email);
  assert.deepEqual(others, []);
  assert.deepEqual([own.id, own.router_lead_id, own.hubspot_owner_id], [id, line.lead_id, OWNER_OF[line.rep_id]]);
  const { tasks } = await played.state('hubspot');
  assert.deepEqual(tasks.map((task) => [task.router_effect_id, task.hubspot_owner_id]), [[`${line.lead_id}-1`, own.hubspot_owner_id]]);
  const { lead } = await world.ask('GET', `/v1/leads/${line.lead_id}`);
  assert.deepEqual([lead.source, lead.first_name, lead.title], ['hubspot', 'Quentina', 'Office Manager']);
  assert.equal((await decisionsOf(world, email)).length, 1);
  assert.equal((await world.ledger()).length, 1);
});

test('a contact that has an owner becomes a lead of that owner', async (t) => {
  const { world, cron, contact } = await startFor(t, { CRM_PULL: 'on' });
  const email = 'owned@pulled.example';
  await contact({ email, lastname: 'Owned-Zwingli', hubspot_owner_id: '79' });
  await cron();
  const line = await untilLead(world, email);
  assert.equal(line.rep_id, 'rep-2');
  await untilWritten(world, [line]);
  assert.deepEqual(await world.history(line.lead_id, 'owner_drift'), []);
});

test('a contact that the router wrote never becomes a lead, also when a person changes it', async (t) => {
  const { played, world, cron, set, decide } = await startFor(t, { CRM_PULL: 'on' });
  const lead = newLead();
  const decision = await decide(lead);
  await untilWritten(world, [decision]);
  // Once the search of HubSpot has it.
  await until(async () => {
    await cron();
    return synced(world).length > 0;
  }, 'run that sees the contact', 20_000);
  const [{ id }] = await contactsOf(played, lead.email);
  await set('contacts', id, { jobtitle: 'Head of Office' });
  await cron();
  assert.deepEqual(new Set(synced(world).map(([people, , leads]) => `${people} ${leads}`)), new Set(['1 0']));
  assert.deepEqual((await world.ledger()).map((line) => line.lead_id), [decision.lead_id]);
});

test('without the setting no contact becomes a lead', async (t) => {
  const { world, cron, contact } = await startFor(t);
  await contact({ email: 'nobody@pulled.example', lastname: 'Nobody-Zwingli' });
  await cron();
  // Once among what changed in the last hour, once among everything.
  assert.deepEqual(synced(world), [[2, 0, 0]]);
  assert.deepEqual(await world.ledger(), []);
});

test('another owner in HubSpot has the next lead of the person, without a call', async (t) => {
  const scene = await startFor(t);
  const { played, world, cron, set, decide } = scene;
  const lead = newLead();
  const first = await decide(lead);
  await untilWritten(world, [first]);
  const [{ id, hubspot_owner_id: owner }] = await contactsOf(played, lead.email);
  await set('contacts', id, { hubspot_owner_id: otherThan(owner) });
  await cron();
  const second = await decideByMirror(scene, lead);
  assert.deepEqual([second.assignment.rep_id, second.reasons[0].code], [repOf(otherThan(owner)), 'account_owner']);
  await untilWritten(world, [second]);
  const [now] = await contactsOf(played, lead.email);
  assert.equal(now.hubspot_owner_id, otherThan(owner), 'what a person chose stays');
});

test('its webhook about owners of a contact and of a company leads to the same, with one look', async (t) => {
  const scene = await startFor(t);
  const { played, world, set, decide } = scene;
  const [lead, buyer] = [newLead(), newLead()];
  await played.change('hubspot', {
    company: { name: buyer.company, domain: buyer.email.split('@')[1], hubspot_owner_id: '77' },
    at: at(),
  });
  const first = await decide(lead);
  const bought = await decide(buyer);
  assert.deepEqual([bought.assignment.rep_id, bought.enrichment.crm], ['rep-0', 'live']);
  await untilWritten(world, [first, bought]);
  const [contact] = await contactsOf(played, lead.email);
  const [company] = (await played.state('hubspot')).companies;
  await set('contacts', contact.id, { hubspot_owner_id: otherThan(contact.hubspot_owner_id) });
  await set('companies', company.id, { hubspot_owner_id: '78' });

  const event = (of, { id }) => ({
    ...{ eventId: 1, portalId: PORTAL, occurredAt: Date.now(), subscriptionType: `${of}.propertyChange`, attemptNumber: 0 },
    ...{ objectId: Number(id), propertyName: 'hubspot_owner_id', propertyValue: '78' },
  });
  const answer = await hook(world, [event('contact', contact), event('company', company)]);
  const ignored = { status: 'ignored', code: 'crm_change' };
  assert.deepEqual([answer.status, answer.body.events], [200, [ignored, ignored]]);
  await until(() => synced(world).length > 0, 'look at the changes', 30_000);

  assert.equal((await decideByMirror(scene, lead)).assignment.rep_id, repOf(otherThan(contact.hubspot_owner_id)));
  assert.equal((await decideByMirror(scene, buyer)).assignment.rep_id, 'rep-1');
  assert.equal(synced(world).length, 1);
});

test('a contact that the webhook and the cron both tell of is one lead', async (t) => {
  const { played, world, cron, contact } = await startFor(t, { CRM_PULL: 'on' });
  const email = 'twice@pulled.example';
  const id = await contact({ email, lastname: 'Twice-Zwingli', company: 'Pulled' });
  const creation = { eventId: 1, portalId: PORTAL, occurredAt: Date.now(), subscriptionType: 'contact.creation', attemptNumber: 0 };
  const answer = await hook(world, [{ ...creation, objectId: Number(id) }]);
  assert.deepEqual([answer.status, answer.body.status], [200, 'accepted'], answer.text);
  await cron();
  await untilWritten(world, [answer.body]);
  await cron();
  assert.deepEqual((await decisionsOf(world, email)).map(({ lead_id }) => lead_id), [answer.body.lead_id]);
  assert.equal((await played.state('hubspot')).tasks.length, 1);
});

/** A request of HubSpot, signed as version 3. */
async function hook(world, events) {
  world.url ??= (await world.mf.ready).origin;
  const [body, now] = [JSON.stringify(events), Date.now()];
  const signed = createHmac('sha256', CLIENT_SECRET).update(`POST${world.url}/hooks/hubspot${body}${now}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'x-hubspot-signature-v3': signed,
    'x-hubspot-request-timestamp': `${now}`,
  };
  return world.fetch('/hooks/hubspot', { method: 'POST', body, headers });
}
