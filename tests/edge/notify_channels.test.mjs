/** Where Slack refuses, mail tells it, and its links answer; and the webhook of the business, read by its own library. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';
import { NAMES, PUBLIC_URL, messagesAbout, other, playSlack, teams, untilNoted, untilTold } from './slack.mjs';

const WEBHOOK_SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=';

let played;
let world;
const requests = [];
before(async () => {
  played = await playSlack();
  played.listen = (request) => requests.push(request);
  const webhook = { NOTIFY_WEBHOOK_URL: `${played.base}/webhook/events`, NOTIFY_WEBHOOK_SECRET: WEBHOOK_SECRET };
  world = await start({ provider: played, vars: webhook });
  await teams(world);
});
after(() => world.close());

const decide = async (lead) => assertDecision(await world.post(lead));
const decisionOf = async (id) => (await world.ask('GET', `/v1/leads/${id}`)).decision;

test('the webhook of the business is signed as its library wants it, has the same id when it comes again, and tells once', async () => {
  await played.change('webhook', { status: 503 });
  const lead = newLead();
  const { lead_id: id, decision_id, assignment } = await decide(lead);
  const own = () => requests.filter(({ url, body }) => url.endsWith('/webhook/events') && body.includes(id));
  await until(() => own().length === 2, 'repeat', 30_000);
  for (const { headers, body } of own()) {
    const event = new Webhook(WEBHOOK_SECRET).verify(body, headers);
    assert.deepEqual([event.type, event.data.decision_id, event.data.rep.id], ['lead.assigned', decision_id, assignment.rep_id]);
    assert.deepEqual([event.data.person.email, event.data.person.message], [lead.email, lead.message]);
    assert.throws(() => new Webhook(WEBHOOK_SECRET).verify(body.replace(lead.email, 'a@b.example'), headers));
  }
  assert.deepEqual(own().map(({ headers }) => headers['webhook-id']), [`${id}-1-assigned`, `${id}-1-assigned`]);
  await untilTold(played, id);
  const { events } = await played.state('webhook');
  assert.equal(events.filter(({ data }) => data.lead_id === id).length, 1);
});

test('where Slack refuses, the mail tells it once; its links ask first, act, and end when the lead moved', async () => {
  await played.change('slack', { method: 'chat.postMessage', error: 'is_archived' });
  const lead = newLead();
  const { lead_id: id, assignment } = await decide(lead);
  const rep = assignment.rep_id;
  const mails = async () => (await played.state('resend')).mails.filter(({ text }) => text.includes(lead.email));
  const [mail, ...more] = await until(async () => (await mails()).length > 0 && mails(), 'mail');
  assert.deepEqual(more, []);
  assert.deepEqual([mail.to, mail.from], [[`${rep}@acme.example`], 'Leads <leads@acme.example>']);
  await untilNoted(world, id, 'resend');
  assert.deepEqual(await messagesAbout(played, id), []);

  const link = (label) => new URL(mail.text.match(new RegExp(`^${label}: (.*)$`, 'm'))[1]);
  const open = (label, method = 'GET') => world.fetch(link(label).pathname, { method });
  assert.equal(link('Accept').origin, PUBLIC_URL);
  for (const label of ['Accept', 'Decline']) {
    const page = await open(label);
    assert.deepEqual([page.status, page.text.includes(`<h1>${label} this lead?</h1>`)], [200, true]);
    for (const secret of [lead.email, lead.last_name, lead.company]) assert.ok(!page.text.includes(secret), 'a person is named');
  }
  assert.deepEqual([await world.history(id, 'accept'), await world.history(id, 'decline')], [[], []], 'opening does nothing');

  const says = async (label) => (await open(label, 'POST')).text.match(/<h1>(.*)<\/h1>/)[1];
  assert.equal(await says('Accept'), `Accepted by ${NAMES[rep]}.`);
  assert.equal(await says('Accept'), `Accepted by ${NAMES[rep]}.`);
  assert.equal((await world.history(id, 'accept')).length, 1);
  const next = other(rep);
  assert.equal(await says('Decline'), `Declined by ${NAMES[rep]}. ${NAMES[next]} has this lead now.`);
  assert.equal((await decisionOf(id)).assignment.rep_id, next);
  // From here on both links are worth nothing.
  assert.equal(await says('Accept'), `No change: ${NAMES[next]} already has this lead.`);
  await says('Decline');
  assert.equal((await decisionOf(id)).decision_id, `${id}-2`);
  assert.deepEqual([(await world.history(id, 'accept')).length, (await world.history(id, 'decline')).length], [1, 1]);
});
