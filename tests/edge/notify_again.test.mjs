/** A rep is told once: when what the queue carries comes again, when D1 is away, when Slack lies; and of nothing that is over. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { QUEUES, start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision } from './shapes.mjs';
import { buttons, conversation, messagesAbout, other, playSlack, teams, untilNoted, untilTold } from './slack.mjs';

let played;
let world;
beforeEach(async () => {
  played = await playSlack();
  world = await start({ provider: played, instrumented: true });
  await teams(world);
});
afterEach(() => world.close());

const decide = async () => assertDecision(await world.post(newLead()));
const notifications = async () => (await world.control('sent')).filter((body) => body.startsWith('{"notify":'));
/** Slack refuses a second message to one conversation within a second, which would hide it here. */
async function nextSecond() {
  const over = Date.now() + 1_200;
  await until(() => Date.now() > over, 'next second');
}
const effects = async (id) => (await messagesAbout(played, id)).map(({ effect }) => effect);

test('a message that Slack stored although it said no is told once', async () => {
  await played.change('slack', { method: 'chat.postMessage', error: 'internal_error', applied: true });
  const { lead_id: id } = await decide();
  await untilNoted(world, id, 'slack');
  assert.deepEqual(await effects(id), ['1-assigned']);
});

test('a delivery that comes again tells nobody again', async () => {
  const { lead_id: id } = await decide();
  await untilNoted(world, id, 'slack');
  const before = (await notifications()).length;
  await nextSecond();
  await world.deliver([await world.deliveryOf(id)], QUEUES.JOBS, 2);
  // What it puts on the queue, if anything, was told when the queue is told to do it at once.
  await world.deliver((await notifications()).slice(before));
  assert.deepEqual(await effects(id), ['1-assigned']);
  assert.deepEqual((await played.state('resend')).mails, []);
});

test('a notification that comes again after its consumer died tells nobody again', async () => {
  const { lead_id: id } = await decide();
  await untilNoted(world, id, 'slack');
  await nextSecond();
  await world.deliver(await notifications(), QUEUES.JOBS, 2);
  assert.deepEqual(await effects(id), ['1-assigned']);
});

test('D1 goes away after Slack took the message: it is told once, and its buttons can be taken away', async () => {
  world.expectErrors('job.failed');
  const slack = played.answer.bind(played);
  played.answer = async (request) => {
    const answer = await slack(request);
    if (!request.url.endsWith('/chat.postMessage')) return answer;
    await world.control('fail', { place: 'D1', count: 1 });
    played.answer = async (next) => {
      if (next.url.endsWith('/chat.postMessage')) await nextSecond();
      return slack(next);
    };
    return answer;
  };
  const { lead_id: id, assignment } = await decide();
  await untilNoted(world, id, 'slack');
  assert.deepEqual(await effects(id), ['1-assigned']);
  await world.ask('POST', `/v1/leads/${id}/reassign`, { to: other(assignment.rep_id) });
  await untilTold(played, id, 2);
  await until(async () => (await effects(id)).includes('2-moved'), 'message that the lead moved');
  const [old] = await messagesAbout(played, id);
  assert.deepEqual(buttons(old).filter((button) => !button.startsWith('open_')), []);
});

test('a rep is not told of a lead that moved on while Slack was away', async () => {
  await played.change('slack', { method: 'chat.postMessage', error: 'internal_error' });
  const { lead_id: id, assignment } = await decide();
  await until(() => played.requests.some((request) => request.endsWith('/chat.postMessage')), 'first try');
  const next = other(assignment.rep_id);
  await world.ask('POST', `/v1/leads/${id}/reassign`, { to: next });
  await untilTold(played, id, 2);
  // The second try of the first message comes within five seconds.
  await until(async () => (await notifications()).some((body) => body.includes('"tries":1')), 'second try');
  await world.deliver((await notifications()).filter((body) => body.includes('"tries":1')));
  const open = (await messagesAbout(played, id)).filter((message) => buttons(message).includes('accept'));
  assert.deepEqual(open.map(({ channel, effect }) => [channel, effect]), [[conversation(next), '2-assigned']]);
});
