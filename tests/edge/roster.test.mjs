/** Teams and reps as operators write them, and what a rep never gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECRETS, shardOfLead, start } from './kit.mjs';
import { daysAgo, newLead } from './leads.mjs';
import { assertDecision, assertRefused, reason } from './shapes.mjs';

/** A world for one test. */
async function newWorld(t, options) {
  const world = await start(options);
  t.after(() => world.close());
  return world;
}

const problems = (answer) => answer.body.error.problems.map(({ path, code }) => `${path}: ${code}`).sort();

test('a roster that is written comes back, and every bad entry is refused with all that is wrong', async (t) => {
  const world = await newWorld(t);
  const rep = {
    id: 'ada',
    name: 'Ada',
    email: 'ada@vendor.example',
    time_zone: 'Europe/Berlin',
    hours: [{ days: ['mon', 'fri'], from: '09:00', to: '17:30' }],
    holidays: ['2026-12-25'],
    leave: [{ from: '2030-01-01', until: '2030-01-14' }],
    languages: ['de', 'en'],
    capacity: { open_leads: 50, per_day: 10 },
    crm_ids: { hubspot: '1' },
    booking_url: 'https://book.example/ada',
  };

  await t.test('a rep', async () => {
    const written = await world.ask('PUT', '/v1/reps/ada', rep);
    for (const answer of [written, await world.rep('ada')]) {
      for (const [field, value] of Object.entries(rep)) assert.deepEqual(answer[field], value, field);
      assert.equal(answer.active, true);
    }
    await world.ask('PUT', '/v1/reps/ben', { name: 'Ben' });
    assert.equal((await world.rep('ben')).id, 'ben', 'the id of the address is enough');
    const { reps } = await world.ask('GET', '/v1/reps');
    assert.deepEqual(reps.map(({ id }) => id), ['ada', 'ben']);
  });

  await t.test('a team', async () => {
    const team = { id: 'smb', name: 'Small', strategy: 'weighted', members: [{ rep_id: 'ada', weight: 3 }, { rep_id: 'ben', weight: 1 }] };
    const written = await world.ask('PUT', '/v1/teams/smb', team);
    for (const answer of [written, await world.ask('GET', '/v1/teams/smb')]) {
      for (const [field, value] of Object.entries(team)) assert.deepEqual(answer[field], value, field);
    }
    const { teams } = await world.ask('GET', '/v1/teams');
    assert.deepEqual(teams.map(({ id }) => id), ['smb']);
  });

  await t.test('presence', async () => {
    for (const status of ['offline', 'away', 'online']) {
      assert.deepEqual(await world.ask('PUT', '/v1/reps/ada/status', { status }), { rep_id: 'ada', status });
      assert.equal((await world.ask('GET', '/v1/reps/ada/status')).status, status);
      assert.equal((await world.rep('ada')).status, status);
    }
    assertRefused(await world.admin('PUT', '/v1/reps/ada/status', { status: 'asleep' }), 422, undefined, ['status']);
    assertRefused(await world.admin('PUT', '/v1/reps/ada/status', {}), 422, undefined, ['status']);
    assertRefused(await world.admin('PUT', '/v1/reps/nobody/status', { status: 'away' }), 404, 'not_found');
  });

  await t.test('a rep with everything wrong', async () => {
    const bad = {
      time_zone: 'Mars/Olympus',
      hours: [{ days: ['mon'], from: '9', to: '25:00' }],
      holidays: ['2026-02-30'],
      languages: ['German'],
      recent: { worked_in_time: 40, of: 31 },
      booking_url: 'javascript:alert(1)',
    };
    const answer = await world.admin('PUT', '/v1/reps/ada', bad);
    assertRefused(answer, 422);
    const found = problems(answer).map((problem) => problem.split(':')[0]);
    for (const path of ['time_zone', 'hours[0].from', 'hours[0].to', 'holidays[0]', 'languages[0]', 'recent.of', 'recent.worked_in_time', 'booking_url']) {
      assert.ok(found.includes(path), `${path} among ${found}`);
    }
    assert.equal((await world.rep('ada')).time_zone, 'Europe/Berlin', 'nothing of it is kept');
  });

  await t.test('a team with everything wrong', async () => {
    const bad = {
      members: [{ rep_id: 'ada', weight: 1_001 }, { rep_id: 'Ada' }, { rep_id: 'ada' }],
      manager_rep_id: 'zoe',
      fallback_team: 'nowhere',
    };
    const answer = await world.admin('PUT', '/v1/teams/smb', bad);
    assertRefused(answer, 422);
    assert.deepEqual(problems(answer), [
      'fallback_team: unknown_team',
      'manager_rep_id: unknown_rep',
      'members[0].weight: weight_too_large',
      'members[1].rep_id: unknown_rep',
      'members[2].rep_id: duplicate_member',
    ]);
  });

  await t.test('fallback teams in a circle', async () => {
    await world.ask('PUT', '/v1/teams/second', { fallback_team: 'smb' });
    const circle = { members: [{ rep_id: 'ada' }], fallback_team: 'second' };
    const answer = await world.admin('PUT', '/v1/teams/smb', circle);
    assertRefused(answer, 422);
    assert.deepEqual(problems(answer), ['fallback_team: fallback_circle']);
  });

  await t.test('entries of the wrong shape', async () => {
    assertRefused(await world.admin('PUT', '/v1/reps/ada', 'no json'), 400, 'broken_json');
    assertRefused(await world.admin('PUT', '/v1/reps/ada', '[1]'), 400, 'not_an_object');
    assertRefused(await world.admin('PUT', '/v1/reps/ada', { hours: 'always' }), 422);
    assertRefused(await world.admin('PUT', '/v1/teams/smb', { strategy: 'by_mood' }), 422);
    assertRefused(await world.admin('PUT', '/v1/reps/ada', { id: 'ben' }), 422, undefined, ['id']);
    assertRefused(await world.admin('PUT', '/v1/teams/smb', { id: 7 }), 422, undefined, ['id']);
    assertRefused(await world.admin('GET', '/v1/reps/nobody'), 404, 'not_found');
    assertRefused(await world.admin('GET', '/v1/teams/nowhere'), 404, 'not_found');
  });

  await t.test('without the right token', async () => {
    for (const [method, path] of [['GET', '/v1/reps'], ['PUT', '/v1/reps/ada'], ['GET', '/v1/teams'], ['PUT', '/v1/teams/smb'], ['PUT', '/v1/reps/ada/status'], ['GET', '/v1/reps/ada/inbox']]) {
      for (const token of ['', 'wrong', SECRETS.INTAKE_KEY, `${SECRETS.ADMIN_TOKEN}x`]) {
        assertRefused(await world.admin(method, path, method === 'PUT' ? {} : undefined, { token }), 401, 'unauthorized');
      }
    }
  });

  await t.test('a rep in two pools', async () => {
    const team = { members: [{ rep_id: 'ada' }] };
    const answer = await world.admin('PUT', '/v1/teams/other', team);
    assertRefused(answer, 422);
    assert.deepEqual(problems(answer), ['members: rep_in_two_pools']);
    assertRefused(await world.admin('GET', '/v1/teams/other'), 404, 'not_found');
  });
});

test('teams that share reps share a pool, and a rep counts once in both', async (t) => {
  const world = await newWorld(t);
  await world.roster({
    reps: [{ id: 'ada', capacity: { open_leads: 3 } }],
    teams: [
      { id: 'smb', pool: 'shared', members: [{ rep_id: 'ada' }] },
      { id: 'partners', pool: 'shared', members: [{ rep_id: 'ada' }] },
    ],
  });
  const leads = Array.from({ length: 12 }, (_, index) => newLead(index % 2 ? { partner: 'canal-street' } : {}));
  const answers = await Promise.all(leads.map((lead) => world.post(lead)));
  assert.equal(answers.filter(({ body }) => body.outcome === 'assigned').length, 3);
  assert.equal((await world.rep('ada')).open_leads, 3);
});

test('a roster that is written in parallel is all there', async (t) => {
  const world = await newWorld(t);
  const ids = Array.from({ length: 12 }, (_, index) => `rep-${index}`);
  await Promise.all(ids.map((id) => world.ask('PUT', `/v1/reps/${id}`, { name: id })));
  await world.ask('PUT', '/v1/teams/smb', { members: ids.map((id) => ({ rep_id: id })) });
  const teams = ['partners', 'dach', 'named-accounts'];
  await Promise.all(teams.map((id) => world.ask('PUT', `/v1/teams/${id}`, { name: id })));
  const { teams: known, reps } = await world.ask('GET', '/healthz');
  assert.deepEqual([known, reps], [4, 12]);
});

test('who is on leave, inactive or has no share gets nothing of 30 leads', async (t) => {
  const world = await newWorld(t);
  await world.roster({
    reps: [
      { id: 'away', leave: [{ from: daysAgo(1) }] },
      { id: 'gone', active: false },
      { id: 'none' },
      { id: 'here' },
    ],
    teams: [{ id: 'smb', members: [{ rep_id: 'away' }, { rep_id: 'gone' }, { rep_id: 'none', weight: 0 }, { rep_id: 'here' }] }],
  });
  const answers = await Promise.all(Array.from({ length: 30 }, () => world.post(newLead())));
  for (const answer of answers) {
    const decision = assertDecision(answer);
    assert.equal(decision.assignment.rep_id, 'here');
    for (const code of ['on_leave', 'inactive', 'weight_zero']) reason(decision, code);
  }
  await world.ask('PUT', '/v1/reps/here', { leave: [{ from: daysAgo(1) }] });
  const decision = assertDecision(await world.post(newLead()), 'held');
  assert.ok(Date.parse(decision.retry_at) > Date.now());
});

test('caps hold under 50 leads at once, and what nobody may take is held', async (t) => {
  const world = await newWorld(t);
  await world.roster({
    reps: [
      { id: 'open', capacity: { open_leads: 7 }, open_leads: 3 },
      { id: 'daily', capacity: { per_day: 5 } },
      { id: 'zero', capacity: { open_leads: 0 } },
    ],
    teams: [{ id: 'smb', members: [{ rep_id: 'open' }, { rep_id: 'daily' }, { rep_id: 'zero' }] }],
  });
  const answers = await Promise.all(Array.from({ length: 50 }, () => world.post(newLead())));
  const got = Object.groupBy(answers, ({ body }) => body.assignment?.rep_id ?? body.outcome);
  const counts = Object.fromEntries(Object.entries(got).map(([who, list]) => [who, list.length]));
  assert.deepEqual(counts, { open: 4, daily: 5, held: 41 });
  const [held] = got.held;
  reason(assertDecision(held, 'held'), 'no_eligible_rep');
  assert.equal((await world.rep('open')).open_leads, 7);
  assert.equal((await world.rep('daily')).given_today, 5);
  const lines = await world.untilDrained(50);
  assert.equal(lines.filter(({ outcome }) => outcome === 'held').length, 41);
});

test('a lead that nobody can take is held, and assigned once somebody is there', async (t) => {
  const world = await newWorld(t, { instrumented: true });
  await world.roster({ reps: [{ id: 'ada' }], teams: [{ id: 'smb' }] });
  const lead = newLead();
  const held = assertDecision(await world.post(lead, { key: 'held' }), 'held');
  const wait = Date.parse(held.retry_at) - Date.now();
  assert.ok(wait > 0 && wait <= 300_000, `asked for again after ${wait} ms`);
  await world.untilDrained(1, held.lead_id);
  assert.deepEqual((await world.post(lead, { key: 'held' })).body, held, 'until then the answer stands');

  await world.ask('PUT', '/v1/teams/smb', { members: [{ rep_id: 'ada' }] });
  await world.control('clock', { add: wait });
  await world.ring(shardOfLead(held.lead_id));
  const lines = await world.untilDrained(2, held.lead_id);
  assert.deepEqual(lines.map(({ outcome, rep_id: rep }) => [outcome, rep]), [['held', null], ['assigned', 'ada']]);
  const decision = assertDecision(await world.post(lead, { key: 'held' }));
  assert.equal(decision.lead_id, held.lead_id);
  assert.notEqual(decision.decision_id, held.decision_id);

  await world.control('clock', { add: 3_600_000 });
  await world.ring(shardOfLead(held.lead_id));
  assertDecision(await world.post(newLead()));
  assert.equal((await world.ledger(held.lead_id)).length, 2, 'an assigned lead is left alone');
});

test('a rep who is taken out of the team gets no further lead, and the others keep their counters', async (t) => {
  const world = await newWorld(t);
  await world.smallWorld(2);
  await Promise.all(Array.from({ length: 6 }, () => world.post(newLead())));
  const before = (await world.rep('rep-1')).open_leads;
  await world.ask('PUT', '/v1/teams/smb', { members: [{ rep_id: 'rep-1' }] });
  const answers = await Promise.all(Array.from({ length: 6 }, () => world.post(newLead())));
  for (const answer of answers) assert.equal(assertDecision(answer).assignment.rep_id, 'rep-1');
  assert.equal((await world.rep('rep-1')).open_leads, before + 6);
});
