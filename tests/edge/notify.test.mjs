/** Rules of notifying, clicks of Slack, and links in messages, at the Worker. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { start } from './kit.mjs';

const SIGNING_SECRET = 'slack_signing_secret';
const LINK_SECRET = 'an-older-link-secret,a-link-secret';
const LEAD = '105f882b60e2c205-c75bae1d59-1cd0de42ca21';

let world;
before(async () => {
  const vars = { SLACK_SIGNING_SECRET: SIGNING_SECRET, SLACK_BOT_TOKEN: 'xoxb-x', LINK_SECRET };
  world = await start({ vars });
  await world.smallWorld(1);
});
after(() => world.close());

const signed = (body, seconds, secret = SIGNING_SECRET) => ({
  'content-type': 'application/x-www-form-urlencoded',
  'x-slack-request-timestamp': String(seconds),
  'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex')}`,
});

/** A token as the program makes them. */
const token = (act, endsInS, secret) => {
  const until = Math.floor(Date.now() / 1000) + endsInS;
  const said = Buffer.from(`${LEAD}~1~${act}~rep-0~${until}`).toString('base64url');
  return `${said}.${createHmac('sha256', secret).update(`lead-link/1\0${said}`).digest('base64url')}`;
};

test('rules are checked, read back, and can be put again', async () => {
  assert.equal((await world.fetch('/v1/notifications')).status, 401);
  const none = await world.ask('GET', '/v1/notifications');
  assert.deepEqual(none, { available: ['slack'] });
  const rules = { default: { channels: ['slack', 'inbox'], quiet_hours: 'wait' }, teams: { smb: { max_attempts: 5 } } };
  const put = await world.ask('PUT', '/v1/notifications', rules);
  assert.deepEqual(put, { ...rules, available: ['slack'] });
  assert.deepEqual(await world.ask('PUT', '/v1/notifications', put), put, 'an answer can be put again');
  assert.deepEqual(await world.ask('GET', '/v1/notifications'), put);
});

test('everything wrong with rules is told at once, also settings that are missing', async () => {
  const wrong = await world.admin('PUT', '/v1/notifications', { default: { channels: ['slak'], max_attempts: 0 }, team: {} });
  assert.equal(wrong.status, 422);
  const paths = (answer) => answer.body.error.problems.map(({ path, code }) => `${path} ${code}`);
  assert.deepEqual(paths(wrong), [
    'default.channels[0] unknown_channel', 'default.max_attempts out_of_range', 'team unknown_setting',
  ]);
  const unset = await world.admin('PUT', '/v1/notifications', { default: { channels: ['teams:emea', 'email'] } });
  assert.deepEqual(paths(unset), [
    'teams:emea missing_secret', 'email missing_secret', 'email missing_binding',
  ]);
});

test('a click needs the signature of Slack, and is answered with nothing', async () => {
  const payload = { type: 'block_actions', user: { id: 'U1' }, actions: [{ action_id: 'open_0', block_id: 'x' }] };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const now = Math.floor(Date.now() / 1000);
  const click = (headers) => world.fetch('/hooks/slack', { method: 'POST', body, headers });
  const heard = await click(signed(body, now));
  assert.deepEqual([heard.status, heard.text], [200, '']);
  assert.equal((await click(signed(body, now, 'another secret'))).status, 401);
  assert.equal((await click(signed(body, now - 400))).status, 401);
  assert.equal((await click({})).status, 401);
});

test('a link asks first, and says when it has ended or was made elsewhere', async () => {
  const open = (text, method = 'GET') => world.fetch(`/actions/${text}`, { method });
  for (const secret of LINK_SECRET.split(',')) {
    const page = await open(token('accept', 60, secret));
    assert.equal(page.status, 200);
    assert.match(page.text, /<html lang="en">.*<h1>Accept this lead\?<\/h1>.*<form method="post"><button>Accept<\/button>/s);
    assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  }
  for (const method of ['GET', 'POST']) {
    assert.equal((await open(token('accept', -1, 'a-link-secret'), method)).status, 410);
    assert.equal((await open(token('accept', 60, 'made elsewhere'), method)).status, 404);
    assert.equal((await open('x', method)).status, 404);
  }
});
