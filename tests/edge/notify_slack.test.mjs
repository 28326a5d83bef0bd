/** Reps hear of leads in Slack and answer there: buttons, colleagues, strangers, and Slack's limits. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';
import {
  NAMES, PUBLIC_URL, USERS, buttons, closing, conversation, messagesAbout, other, plain, playSlack, teams, untilNoted, untilTold,
} from './slack.mjs';

let played;
let world;
before(async () => {
  played = await playSlack();
  world = await start({ provider: played });
  await teams(world);
});
after(() => world.close());

const decisionOf = async (id) => (await world.ask('GET', `/v1/leads/${id}`)).decision;
const block = (message, type) => message.blocks.filter((entry) => entry.type === type);

/** A new lead that its rep was told of. */
async function told(fields) {
  const lead = newLead(fields);
  const decision = assertDecision(await world.post(lead));
  const message = await untilTold(played, decision.lead_id);
  return { lead, decision, id: decision.lead_id, rep: decision.assignment.rep_id, message };
}

/** A click as Slack sends it; sent when called. */
async function click(message, action, user, to) {
  const at_s = Math.floor(Date.now() / 1000);
  const { clicked } = await played.change('slack', { click: { message: message.place, action, user, to, at_s } });
  return async () => {
    const answer = await world.fetch('/hooks/slack', { method: 'POST', ...clicked });
    assert.deepEqual([answer.status, answer.text], [200, '']);
  };
}

/** Clicks, and waits until the message says what happened. */
async function clicked(message, action, user, to) {
  await (await click(message, action, user, to))();
  return until(async () => {
    const now = (await played.state('slack')).messages[message.place];
    return closing(now).length > 0 && now;
  }, 'end of the buttons');
}

test('a lead is told to its rep in Slack, once, with the reasons and buttons', async () => {
  const { lead, decision, id, rep, message } = await told();
  assert.equal(message.channel, conversation(rep));
  assert.deepEqual(buttons(message), ['accept', 'decline', 'reassign', 'open_0']);
  assert.equal(block(message, 'actions')[0].elements.at(-1).url, `${PUBLIC_URL}/console/leads/${id}`);
  const [header] = block(message, 'header');
  assert.equal(plain(header.text.text), `New lead, tier ${decision.assignment.tier}: Quentina ${lead.last_name}, ${lead.company}`);
  const why = block(message, 'section').map(({ text }) => text?.text ?? '').find((text) => text.startsWith('Why you:'));
  const lines = plain(why).split('\n• ').slice(1);
  assert.ok(lines.length > 0);
  assert.deepEqual(lines, decision.reasons.map(({ text }) => text).filter((text) => lines.includes(text)));
  const [notified] = await untilNoted(world, id, 'slack');
  assert.deepEqual([notified.detail.rep_id, notified.detail.decision_id, notified.detail.code], [rep, decision.decision_id, 'assigned']);
  assert.equal((await messagesAbout(played, id)).length, 1);
});

test('accepting closes the message and stands in the history', async () => {
  const { id, rep, message } = await told();
  const now = await clicked(message, 'accept', USERS[rep]);
  assert.deepEqual([buttons(now), closing(now)], [['open_0'], [`Accepted by ${NAMES[rep]}.`]]);
  const events = await world.history(id, 'accept');
  assert.deepEqual(events.map(({ who, detail }) => [who, detail.rep_id]), [[`rep:${rep}`, rep]]);
  assert.equal((await decisionOf(id)).assignment.rep_id, rep);
});

test('a lead that is declined goes to the other rep, and the old message no longer holds', async () => {
  const { lead, id, rep, message } = await told();
  await clicked(message, 'decline', USERS[rep]);
  const next = other(rep);
  assert.equal((await decisionOf(id)).assignment.rep_id, next);
  const second = await untilTold(played, id, 2);
  assert.deepEqual([second.channel, buttons(second)], [conversation(next), ['accept', 'decline', 'reassign', 'open_0']]);
  const all = await until(async () => {
    const found = await messagesAbout(played, id);
    return found.some(({ effect }) => effect === '2-moved') && found;
  }, 'message that the lead moved');
  const old = all.find(({ place }) => place === message.place);
  assert.deepEqual(buttons(old).filter((button) => !button.startsWith('open_')), []);
  assert.match(plain(JSON.stringify(old.blocks)), new RegExp(`${NAMES[next]} has this lead now`));
  assert.doesNotMatch(plain(JSON.stringify(old)), new RegExp(lead.message), 'what the person wrote is gone');
  const below = all.find(({ effect }) => effect === '2-moved');
  assert.deepEqual([below.channel, below.thread_ts], [conversation(rep), message.ts]);
  assert.deepEqual((await world.history(id, 'decline')).map(({ who, detail }) => [who, detail.rep_id]), [[`rep:${rep}`, next]]);
  assert.equal(all.length, 3);
});

test('a lead is handed on to a colleague whom the rep chooses', async () => {
  const { id, rep, message } = await told();
  const now = await clicked(message, 'reassign', USERS[rep], USERS.cy);
  assert.deepEqual(closing(now), [`Reassigned by ${NAMES[rep]}. Cy has this lead now.`]);
  assert.equal((await decisionOf(id)).assignment.rep_id, 'cy');
  assert.equal((await untilTold(played, id, 2)).channel, conversation('cy'));
  assert.deepEqual((await world.history(id, 'reassign')).map(({ who, detail }) => [who, detail.rep_id]), [[`rep:${rep}`, 'cy']]);
});

test('somebody who is not in the roster is told so alone, and does nothing; so is a colleague who is not', async () => {
  const { id, rep, message, decision } = await told();
  const said = async () => (await played.state('slack')).said;
  const before = (await said()).length;
  await (await click(message, 'decline', 'U050'))();
  await until(async () => (await said()).length === before + 1, 'answer');
  await (await click(message, 'reassign', USERS[rep], 'U050'))();
  await until(async () => (await said()).length === before + 2, 'answer');
  const answers = (await said()).slice(before);
  assert.deepEqual(answers.map((answer) => [answer.response_type, answer.replace_original]), [['ephemeral', false], ['ephemeral', false]]);
  assert.match(answers[0].text, /^You are not in the roster/);
  assert.match(answers[1].text, /^The colleague is not in the roster/);
  const { place, effect, ...unchanged } = message;
  assert.equal(effect, '1-assigned');
  assert.deepEqual((await played.state('slack')).messages[place], unchanged);
  assert.deepEqual(await decisionOf(id), decision);
  assert.deepEqual([await world.history(id, 'decline'), await world.history(id, 'reassign')], [[], []]);
});

test('a rep who does not have the lead cannot give it away', async () => {
  const { id, rep, message, decision } = await told();
  const now = await clicked(message, 'decline', USERS[other(rep)]);
  assert.deepEqual(closing(now), [`No change: ${NAMES[rep]} already has this lead.`]);
  assert.deepEqual(await decisionOf(id), decision);
  assert.deepEqual(await world.history(id, 'decline'), []);
});

test('of two clicks at once the first counts, and the lead moves once', async () => {
  const { id, rep, message } = await told();
  const clicks = await Promise.all([
    click(message, 'reassign', USERS[rep], USERS.cy),
    click(message, 'reassign', USERS[rep], USERS[other(rep)]),
  ]);
  const said = async () => (await played.state('slack')).said.length;
  const before = await said();
  await Promise.all(clicks.map((send) => send()));
  await until(async () => (await said()) === before + 2, 'two answers');
  const standing = await decisionOf(id);
  assert.equal(standing.decision_id, `${id}-2`);
  const next = standing.assignment.rep_id;
  assert.deepEqual((await world.history(id, 'reassign')).map(({ detail }) => detail.rep_id), [next]);
  const answers = (await played.state('slack')).said.slice(before).map((answer) => closing(answer)[0]).sort();
  const lost = `No change: ${NAMES[next]} already has this lead.`;
  assert.deepEqual(answers, [lost, `Reassigned by ${NAMES[rep]}. ${NAMES[next]} has this lead now.`]);
  await untilTold(played, id, 2);
});

test('of a click that gives the lead back and one that hands it on only one is done', async () => {
  const { id, rep, message } = await told();
  const clicks = await Promise.all([click(message, 'decline', USERS[rep]), click(message, 'reassign', USERS[rep], USERS.cy)]);
  const said = async () => (await played.state('slack')).said.length;
  const before = await said();
  await Promise.all(clicks.map((send) => send()));
  await until(async () => (await said()) === before + 2, 'two answers');
  assert.equal((await decisionOf(id)).decision_id, `${id}-2`);
  const done = [...(await world.history(id, 'decline')), ...(await world.history(id, 'reassign'))];
  assert.equal(done.length, 1, JSON.stringify(done));
});

test('thirty leads at once for two reps: each is told once in Slack, and no limit of Slack is met', async () => {
  const burst = await playSlack();
  const busy = await start({ provider: burst });
  try {
    await teams(busy);
    const answers = await Promise.all(Array.from({ length: 30 }, () => busy.post(newLead())));
    const decisions = answers.map((answer) => assertDecision(answer));
    const said = async () => (await burst.state('slack')).messages;
    await until(async () => (await said()).length >= 30, '30 messages', 120_000);
    const expected = decisions.map(({ lead_id: id, assignment }) => [`${id}-1-assigned`, conversation(assignment.rep_id)]);
    const found = (await said()).map(({ metadata, channel }) => [metadata.event_payload.id, channel]);
    assert.deepEqual(found.sort(), expected.sort());
    assert.deepEqual(new Set(expected.map(([, channel]) => channel)), new Set([conversation('ann'), conversation('ben')]));
    assert.equal((await burst.state('slack')).exceeded, 0);
    assert.deepEqual((await burst.state('resend')).mails, []);
    // The ledger does not wait for Slack.
    await busy.untilDrained(30);
  } finally {
    await busy.close();
  }
});
