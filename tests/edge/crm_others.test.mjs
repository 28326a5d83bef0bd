/** Salesforce, by a signed key and by a secret, and Pipedrive at the built Worker: who is theirs there, what is written, once. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { untilWritten } from './hubspot.mjs';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { Played } from './played.mjs';
import { assertDecision } from './shapes.mjs';

const PERSON_FIELD = '0123456789abcdef0123456789abcdef01234567';

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = key.privateKey.export({ type: 'pkcs8', format: 'pem' });
const MODULUS = key.publicKey.export({ format: 'jwk' }).n;

/** Account and person of a lead: the beginning of its id, and our id of the person in a CRM. */
const personOf = ({ lead_id: id }) => id.split('-').slice(0, 2).join('-');

/** Salesforce: `records` are leads, tasks belong to them. */
const salesforce = (settings) => ({
  crm: 'salesforce',
  vendor: 'salesforce',
  settings: (base) => ({ SALESFORCE_BASE_URL: `${base}/salesforce`, SALESFORCE_CLIENT_ID: '3MVG9.router', ...settings }),
  owners: ['005000000000001AAA', '005000000000002AAA', '005000000000003AAA'],
  prepare: (played) => played.change('salesforce', { modulus: MODULUS }),
  add: (played, email, owner) => {
    const fields = { Id: '00Q000000000777AAA', Email: email, LastName: 'There', Company: 'Before', OwnerId: owner };
    return played.change('salesforce', { put: { type: 'Lead', fields } });
  },
  give: (played, id, owner) => played.change('salesforce', { put: { type: 'Lead', fields: { Id: id, OwnerId: owner } } }),
  async records(played, email) {
    const { records } = await played.state('salesforce');
    return records.Lead.filter((lead) => lead.Email === email).map(({ Id: id, OwnerId: owner, ...fields }) => ({ id, owner, fields }));
  },
  async tasks(played, id) {
    const { records } = await played.state('salesforce');
    return records.Task.filter((task) => task.WhoId === id).map((task) => [task.Router_Effect_Id__c, task.OwnerId]);
  },
  assertFields: (fields, decision, lead) => {
    const { assignment } = decision;
    assert.deepEqual([fields.Router_Person_Id__c, fields.Router_Lead_Id__c], [personOf(decision), decision.lead_id]);
    assert.deepEqual([fields.Router_Tier__c, fields.Router_Score__c, fields.Router_Team__c], [assignment.tier, assignment.score, 'smb']);
    assert.equal(fields.Router_Reason__c, assignment.reason);
    assert.deepEqual([fields.FirstName, fields.LastName, fields.Company], [lead.first_name, lead.last_name, lead.company]);
  },
});

const pipedrive = {
  crm: 'pipedrive',
  vendor: 'pipedrive',
  settings: (base) => {
    return { PIPEDRIVE_BASE_URL: `${base}/pipedrive`, PIPEDRIVE_API_TOKEN: 'pipedrive-token', PIPEDRIVE_PERSON_FIELD: PERSON_FIELD };
  },
  owners: ['11', '12', '13'],
  async prepare(played) {
    for (const id of this.owners) {
      const fields = { id: Number(id), name: `User ${id}`, email: `user${id}@vendor.example`, active_flag: true };
      await played.change('pipedrive', { put: { kind: 'users', fields } });
    }
  },
  add: (played, email, owner) => {
    const fields = { id: 77, name: 'There Before', owner_id: Number(owner), org_id: null, emails: [{ value: email, primary: true }] };
    return played.change('pipedrive', { put: { kind: 'persons', fields: { ...fields, custom_fields: {} } } });
  },
  give: (played, id, owner) => played.change('pipedrive', { put: { kind: 'persons', fields: { id, owner_id: Number(owner) } } }),
  async records(played, email) {
    const { persons = [] } = (await played.state('pipedrive')).records;
    const own = persons.filter(({ emails }) => emails.some(({ value }) => value === email));
    return own.map(({ id, owner_id, ...fields }) => ({ id, owner: String(owner_id), fields }));
  },
  async tasks(played, id) {
    const { activities = [] } = (await played.state('pipedrive')).records;
    const own = activities.filter(({ person_id }) => person_id === id);
    return own.map(({ note, owner_id }) => [note.match(/^lead-router:([^:]+):/)[1], String(owner_id)]);
  },
  assertFields: (fields, decision, lead) => {
    assert.equal(fields.custom_fields[PERSON_FIELD], personOf(decision));
    assert.equal(fields.name, `${lead.first_name} ${lead.last_name}`);
  },
};

const signed = { SALESFORCE_USERNAME: 'router@example.com', SALESFORCE_JWT_KEY: PEM };
const CRMS = {
  'Salesforce by a signed key': salesforce(signed),
  'Salesforce by a secret': salesforce({ SALESFORCE_CLIENT_SECRET: 'salesforce-secret' }),
  Pipedrive: pipedrive,
};

/** A world whose reps own records in the CRM, each by the id at their place. */
async function startFor(t, { crm, settings, owners, prepare }, vars = {}) {
  const played = await Played.start(settings);
  const world = await start({ provider: played, vars: { CRM: crm, ...vars } });
  t.after(() => world.close());
  await prepare.call({ owners }, played);
  const reps = owners.map((id, index) => ({ id: `rep-${index}`, name: `Rep ${index}`, crm_ids: { [crm]: id } }));
  const members = reps.map(({ id }) => ({ rep_id: id, weight: 1 }));
  await world.roster({ reps, teams: [{ id: 'smb', name: 'Small business', strategy: 'fair_and_able', members }] });
  return { played, world };
}

const ownerOf = (vendor, rep) => vendor.owners[Number(rep.at(-1))];
for (const [name, vendor] of Object.entries(CRMS)) {
  describe(name, () => {
    test('a new lead is a record of its rep with our fields, and one task', async (t) => {
      const { played, world } = await startFor(t, vendor);
      const leads = [newLead(), newLead()];
      for (const lead of leads) {
        const decision = assertDecision(await world.post(lead));
        await untilWritten(world, [decision]);
        const records = await vendor.records(played, lead.email);
        const owner = ownerOf(vendor, decision.assignment.rep_id);
        assert.deepEqual(records.map((record) => record.owner), [owner]);
        vendor.assertFields(records[0].fields, decision, lead);
        assert.deepEqual(await vendor.tasks(played, records[0].id), [[decision.decision_id, owner]]);
        assert.equal((await world.history(decision.lead_id, 'crm_written')).at(-1).detail.record_id, String(records[0].id));
        assert.equal(decision.enrichment.crm, 'live');
      }
      if (vendor.crm === 'salesforce') assert.equal((await played.state('salesforce')).counts.token, 1, 'one token for all');
    });

    test('whoever owns the record there gets the lead, and the next one without a question', async (t) => {
      const { played, world } = await startFor(t, vendor);
      const lead = newLead();
      await vendor.add(played, lead.email, vendor.owners[2]);
      const first = assertDecision(await world.post(lead));
      assert.deepEqual([first.assignment.rep_id, first.reasons[0].code, first.enrichment.crm], ['rep-2', 'account_owner', 'live']);
      await untilWritten(world, [first]);
      // Salesforce keeps whole seconds: within one of them no decision is newer than another.
      const over = Math.floor(Date.now() / 1000);
      await until(() => Math.floor(Date.now() / 1000) > over, 'next second');
      const second = assertDecision(await world.post({ ...lead, message: 'Once more.' }));
      assert.deepEqual([second.assignment.rep_id, second.enrichment.crm], ['rep-2', 'snapshot']);
      await untilWritten(world, [second]);
      const [record, ...others] = await vendor.records(played, lead.email);
      assert.deepEqual([record.owner, others], [vendor.owners[2], []]);
      const tasks = [first, second].map(({ decision_id: id }) => [id, vendor.owners[2]]);
      assert.deepEqual(await vendor.tasks(played, record.id), tasks);
    });

    test('an owner whom a person chose after the decision stays, and the lead goes with the record', async (t) => {
      const { played, world } = await startFor(t, vendor);
      const lead = newLead();
      const decision = assertDecision(await world.post(lead));
      const { lead_id: id, assignment } = decision;
      await untilWritten(world, [decision]);
      const [record] = await vendor.records(played, lead.email);
      const [theirs, third] = ['rep-0', 'rep-1', 'rep-2'].filter((rep) => rep !== assignment.rep_id);
      await vendor.give(played, record.id, ownerOf(vendor, theirs));
      // An operator hands the lead on without knowing of it.
      await world.ask('POST', `/v1/leads/${id}/reassign`, { to: third });
      await until(async () => (await world.history(id, 'owner_drift')).length === 1, 'owner drift', 30_000);
      await untilWritten(world, [decision], 2);
      const { decision: standing } = await world.ask('GET', `/v1/leads/${id}`);
      assert.deepEqual([standing.decision_id, standing.assignment.rep_id], [`${id}-3`, theirs]);
      const records = await vendor.records(played, lead.email);
      assert.deepEqual(records.map(({ owner }) => owner), [ownerOf(vendor, theirs)]);
      assert.deepEqual(await vendor.tasks(played, record.id), [
        [`${id}-1`, ownerOf(vendor, assignment.rep_id)],
        [`${id}-3`, ownerOf(vendor, theirs)],
      ]);
    });
  });
}

test('a key that Salesforce does not know writes nothing, leads are decided, and the doctor says what to do', async (t) => {
  const { played, world } = await withAnotherKey(t);
  const lead = newLead();
  assert.equal(assertDecision(await world.post(lead)).enrichment.crm, 'unavailable');
  await until(() => world.events('crm.again').some(({ code }) => code === 'token_refused'), 'a try that has to wait');
  assert.deepEqual((await played.state('salesforce')).records.Lead, []);
  const { checks } = await world.ask('GET', '/v1/doctor');
  const [token] = checks.filter(({ area, code }) => area === 'crm' && code === 'token_refused');
  assert.match(token.message, /SALESFORCE_/);
});

test('preparing with a key that Salesforce does not know says so', async (t) => {
  const { world } = await withAnotherKey(t);
  const { status, checks } = await world.ask('POST', '/v1/crm:setup');
  assert.equal(status, 'problems');
  assert.deepEqual(checks.map(({ problem }) => problem?.code).filter(Boolean), ['token_refused']);
});

function withAnotherKey(t) {
  const another = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  return startFor(t, CRMS['Salesforce by a signed key'], { SALESFORCE_JWT_KEY: another });
}
