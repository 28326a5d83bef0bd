/** A person gives a record in HubSpot to somebody else: to a rep who had the lead before, or to one whom nobody knows here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OWNER_OF, VARS, contactsOf, playHubspot, sellers, untilWritten } from './hubspot.mjs';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';

/** A decided lead that the CRM has. */
async function written(t, vars = () => ({})) {
  const played = await playHubspot();
  const world = await start({ provider: played, vars: { ...VARS, ...vars(played.base) } });
  t.after(() => world.close());
  await sellers(world);
  const lead = newLead();
  const decision = assertDecision(await world.post(lead));
  await untilWritten(world, [decision]);
  const [{ id: contact }] = await contactsOf(played, lead.email);
  const id = decision.lead_id;
  return {
    ...{ played, world, id, rep: decision.assignment.rep_id },
    give: (owner) => played.change('hubspot', { set: { kind: 'contacts', id: Number(contact), hubspot_owner_id: owner } }),
    reassign: (to) => world.ask('POST', `/v1/leads/${id}/reassign`, { to }),
    owner: async () => (await contactsOf(played, lead.email))[0].hubspot_owner_id,
    standing: async () => (await world.ask('GET', `/v1/leads/${id}`)).decision,
    tasks: async () => (await played.state('hubspot')).tasks.map((task) => [task.router_effect_id, task.hubspot_owner_id]),
    untilDrift: () => until(async () => (await world.history(id, 'owner_drift')).length > 0, 'owner drift', 30_000),
  };
}

const others = (rep) => Object.keys(OWNER_OF).filter((other) => other !== rep);

test('a record that goes back to a rep who had the lead before stays with them, and the lead goes with it', async (t) => {
  const { world, id, rep, give, reassign, owner, standing, tasks, untilDrift } = await written(t);
  const [second, third] = others(rep);
  await reassign(second);
  await untilWritten(world, [{ lead_id: id }], 2);
  assert.equal(await owner(), OWNER_OF[second]);
  await give(OWNER_OF[rep]);
  // An operator hands the lead on without knowing of it.
  await reassign(third);
  await untilDrift();
  await untilWritten(world, [{ lead_id: id }], 3);
  const { decision_id, assignment } = await standing();
  assert.deepEqual([decision_id, assignment?.rep_id], [`${id}-4`, rep]);
  assert.equal(await owner(), OWNER_OF[rep]);
  assert.deepEqual(await tasks(), [[`${id}-1`, OWNER_OF[rep]], [`${id}-2`, OWNER_OF[second]], [`${id}-4`, OWNER_OF[rep]]]);
  assert.equal((await world.history(id, 'owner_drift')).length, 1);
});

test('an owner whom the roster does not know keeps the record, gets no task from here, and the rep is told', async (t) => {
  const webhook = (base) => ({
    NOTIFY_WEBHOOK_URL: `${base}/webhook/events`,
    NOTIFY_WEBHOOK_SECRET: 'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=',
  });
  const { played, id, rep, give, reassign, owner, standing, tasks, untilDrift } = await written(t, webhook);
  await played.change('hubspot', { owners: ['99'] });
  await give('99');
  const [next] = others(rep);
  await reassign(next);
  await untilDrift();
  const drifts = async () => (await played.state('webhook')).events.filter(({ type }) => type === 'lead.owner_drift');
  const [{ data }] = await until(async () => (await drifts()).length > 0 && drifts(), 'telling');
  assert.deepEqual([data.lead_id, data.rep.id, data.decision_id], [id, next, `${id}-2`]);
  assert.equal(await owner(), '99');
  assert.deepEqual(await tasks(), [[`${id}-1`, OWNER_OF[rep]]]);
  assert.deepEqual((await standing()).decision_id, `${id}-2`);
});
