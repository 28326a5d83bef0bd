/** A Slack that does not answer holds up nobody else: the ledger and the CRM have what came in the same batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VARS, contactsOf, sellers } from './hubspot.mjs';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';
import { playSlack } from './slack.mjs';

test('what comes in one batch with a notification that hangs is in the ledger and in the CRM at once', async (t) => {
  const played = await playSlack();
  const hubspot = { HUBSPOT_BASE_URL: `${played.base}/hubspot`, HUBSPOT_TOKEN: 'pat-test' };
  // The queue keeps its own messages until the end of the test.
  const jobs = { maxBatchTimeout: 60 };
  const world = await start({ provider: played, instrumented: true, jobs, vars: { ...VARS, ...hubspot } });
  t.after(() => world.close());
  await sellers(world, (place) => ({ slack_id: `U00${place + 1}` }));
  const deliver = async (lead) => {
    const { lead_id } = assertDecision(await world.post(lead));
    return world.deliveryOf(lead_id);
  };
  const sent = async (kind) => (await world.control('sent')).filter((body) => body.startsWith(`{"${kind}":`));
  await world.deliver([await deliver(newLead())]);
  const [notification] = await sent('notify');
  const [write] = (await sent('crm')).filter((body) => body.includes('"decision_no":1'));

  const answer = played.answer.bind(played);
  let letGo;
  const hanging = new Promise((resolve) => {
    letGo = resolve;
  });
  let asked = false;
  played.answer = async (request) => {
    if (request.url.endsWith('/chat.postMessage')) {
      asked = true;
      await hanging;
    }
    return answer(request);
  };
  const other = newLead();
  const batch = world.deliver([notification, write, await deliver(other)]);
  try {
    await until(() => asked, 'notification');
    await until(async () => (await world.ledger()).length === 2, 'second line in the ledger', 5_000);
    const { contacts } = await played.state('hubspot');
    assert.equal(contacts.filter((contact) => contact.hubspot_owner_id).length, 1);
    assert.deepEqual(await contactsOf(played, other.email), []);
  } finally {
    letGo();
    await batch;
  }
});
