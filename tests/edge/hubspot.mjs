/** The played HubSpot as tests of the built Worker use it: reps who can own records there, and what is looked for. */
import assert from 'node:assert/strict';
import { QUEUES, until } from './kit.mjs';
import { Played } from './played.mjs';

/** Owners in the played HubSpot, by rep. */
export const OWNER_OF = { 'rep-0': '77', 'rep-1': '78', 'rep-2': '79' };

export const CRM_QUEUE = QUEUES.CRM_JOBS;
export const VARS = { CRM: 'hubspot' };

export const playHubspot = () => Played.start((base) => ({ HUBSPOT_BASE_URL: `${base}/hubspot`, HUBSPOT_TOKEN: 'pat-test' }));

/** A team `smb` whose reps are owners in HubSpot; `more` is what a rep has beside that, by place. */
export async function sellers(world, more = () => ({})) {
  const reps = Object.entries(OWNER_OF).map(([id, hubspot], place) => {
    return { id, name: `Name of ${id}`, crm_ids: { hubspot }, ...more(place) };
  });
  const members = reps.map(({ id }) => ({ rep_id: id, weight: 1 }));
  await world.roster({ reps, teams: [{ id: 'smb', name: 'Small business', strategy: 'fair_and_able', members }] });
}

/** The rep who is this owner. */
export const repOf = (owner) => Object.keys(OWNER_OF).find((rep) => OWNER_OF[rep] === owner);

export async function contactsOf(played, email) {
  return (await played.state('hubspot')).contacts.filter((contact) => contact.email === email);
}

/** Decisions about a lead that the CRM has, as its history says. */
export async function writtenOf(world, id) {
  const events = await world.history(id, 'crm_written');
  // One without a decision made the record when the lead was accepted.
  return events.map(({ detail }) => detail.decision_id).filter(Boolean);
}

/** Waits until the history of every decided lead says that the CRM has so many of its decisions. */
export async function untilWritten(world, decisions, count = 1, ms = 60_000) {
  for (const { lead_id: id } of decisions) {
    await until(async () => (await writtenOf(world, id)).length >= count, 'write in the history of every lead', ms);
  }
}

/** HubSpot holds each of these leads once: one contact of the rep, one task for the rep, and nothing of anybody else. */
export async function assertEachOnce(played, world, decisions, leads) {
  const { contacts, tasks, exceeded } = await played.state('hubspot');
  for (const [index, { lead_id: id, decision_id, assignment }] of decisions.entries()) {
    const own = contacts.filter(({ email }) => email === leads[index].email);
    const owner = OWNER_OF[assignment.rep_id];
    assert.deepEqual(own.map((contact) => [contact.router_lead_id, contact.hubspot_owner_id]), [[id, owner]]);
    const due = tasks.filter((task) => task.router_effect_id === decision_id);
    assert.deepEqual(due.map((task) => [task.hubspot_owner_id, task.associated]), [[owner, [`contacts/${own[0].id}`]]]);
    assert.deepEqual(await writtenOf(world, id), [decision_id]);
    assert.deepEqual(await world.history(id, 'owner_drift'), []);
  }
  assert.deepEqual([contacts.length, tasks.length], [leads.length, leads.length]);
  assert.deepEqual(exceeded, { burst: 0, search: 0, day: 0 });
}
