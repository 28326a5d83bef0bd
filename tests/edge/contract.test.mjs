/** The promises of the HTTP contract besides leads and roster: shapes, credentials, ledger, directory, rubric, dry run. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SECRETS, read, readJson, start, shardOfLead } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertDecision, assertRefused, reason } from './shapes.mjs';

const CSV = { headers: { 'content-type': 'text/csv' } };

let world;
before(async () => {
  world = await start({ instrumented: true });
});
after(() => world.close());

test('an empty deployment is healthy and says what it lacks', async () => {
  const { status, body } = await world.fetch('/healthz');
  assert.equal(status, 200);
  assert.deepEqual([body.status, body.teams, body.reps, body.mode], ['no_roster', 0, 0, 'live']);
  assert.ok(body.missing_teams.includes('smb'));
  const decision = assertDecision(await world.post(newLead()), 'held');
  reason(decision, 'no_eligible_rep');
});

test('a deployment with its roster is healthy', async () => {
  await world.seedSampleWorld();
  const { body } = await world.fetch('/healthz');
  assert.deepEqual([body.status, body.teams, body.reps, body.missing_teams], ['ok', 6, 17, []]);
});

test('an address that does not exist is 404, one that takes another method is 405', async () => {
  for (const path of ['/', '/v1', '/v1/nothing', '/v1/leads/a/b', '/forms', '/v1/reps/a/b', '/%00', '/v1/../etc/passwd']) {
    assertRefused(await world.fetch(path), 404, 'no_such_route');
  }
  const wrong = [['GET', '/v1/leads'], ['DELETE', '/v1/leads/x'], ['POST', '/healthz'], ['PATCH', '/v1/teams/smb'], ['POST', '/v1/rubric'], ['GET', '/v1/explain'], ['PUT', '/forms/contact']];
  for (const [method, path] of wrong) assertRefused(await world.fetch(path, { method }), 405, 'method_not_allowed');
});

test('a method that the path does not take is refused with those that it takes, whatever its name', async () => {
  const allow = async (method, path) => {
    const answer = await world.fetch(path, { method });
    assertRefused(answer, 405, 'method_not_allowed');
    return answer.headers.get('allow');
  };
  assert.equal(await allow('GET', '/v1/leads'), 'POST');
  assert.equal(await allow('PATCH', '/v1/teams/smb'), 'GET, HEAD, PUT');
  assert.equal(await allow('PUT', '/forms/contact'), 'GET, HEAD, POST, OPTIONS');
  // None of these is known to the platform's own list of methods.
  for (const method of ['PROPFIND', 'SEARCH', 'PURGE', 'MKCOL']) assert.equal(await allow(method, '/healthz'), 'GET, HEAD', method);
  assert.equal(await allow('GET', '/hooks/typeform'), 'POST');
});

test('HEAD is answered like GET, without the body', async () => {
  const headers = { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` };
  for (const path of ['/healthz', '/v1/teams', '/v1/rubric', '/forms/contact', '/embed.js', '/v1/decisions:export?format=csv']) {
    const [get, head] = [await world.fetch(path, { headers }), await world.fetch(path, { method: 'HEAD', headers })];
    assert.deepEqual([head.status, head.text], [get.status, ''], path);
    assert.equal(head.headers.get('content-type'), get.headers.get('content-type'), path);
  }
  assert.equal((await world.fetch('/v1/teams', { method: 'HEAD' })).status, 401);
  assert.equal((await world.fetch('/v1/explain', { method: 'HEAD' })).status, 405);
});

test('a segment of a path is decoded once, and a slash in it does not split it', async () => {
  const rep = { id: 'decoded.rep', name: 'Decoded' };
  await world.ask('PUT', '/v1/reps/decoded.rep', rep);
  assert.equal((await world.ask('GET', '/v1/reps/decoded%2Erep')).id, rep.id);
  assertRefused(await world.admin('GET', '/v1/reps/decoded%2Frep'), 404, 'not_found');
  assertRefused(await world.admin('GET', '/v1/reps/decoded%252Erep'), 404, 'not_found');
  const page = await world.fetch('/forms/Deco%64ed');
  assert.match(page.text, /action="\/forms\/decoded"/);
  assertRefused(await world.fetch('/forms/a%2Fthanks'), 404, 'not_found');
});

test('every answer has a request id', async () => {
  const answer = await world.fetch('/healthz');
  assert.match(answer.headers.get('x-request-id'), /^[\w-]+$/);
  const refused = assertRefused(await world.fetch('/v1/nothing'), 404);
  assert.equal(world.events('request.refused').at(-1)['request.id'], refused.request_id);
});

test('every operation of the published description exists', async () => {
  const { openapi, paths } = (await world.fetch('/openapi.json')).body;
  assert.match(openapi, /^3\./);
  for (const [path, operations] of Object.entries(paths)) {
    for (const method of Object.keys(operations).filter((name) => name !== 'parameters')) {
      const answer = await world.fetch(path.replace(/\{\w+\}/g, 'x'), { method: method.toUpperCase() });
      const isSetUp = answer.body?.error?.code !== 'not_set_up';
      assert.ok(answer.status < 500 || !isSetUp, `${method} ${path}: ${answer.text}`);
      assert.ok(!['no_such_route', 'method_not_allowed'].includes(answer.body?.error?.code), `${method} ${path}`);
    }
  }
});

test('operators need the admin token, senders the intake key', async () => {
  const operator = [
    ['GET', '/v1/leads/x'], ['POST', '/v1/explain'], ['GET', '/v1/decisions'], ['POST', '/v1/accounts:import'],
    ['GET', '/v1/rubric'], ['PUT', '/v1/rubric'], ['POST', '/v1/rubric/check'], ['GET', '/v1/dead-letters'], ['GET', '/v1/events'],
    ['GET', '/v1/decisions:export'], ['GET', '/v1/doctor'], ['DELETE', '/v1/people'],
    ['GET', '/v1/providers'], ['POST', '/v1/providers/pdl_company/try'],
  ];
  for (const [method, path] of operator) {
    for (const authorization of [undefined, 'Bearer', 'Bearer ', `Basic ${SECRETS.ADMIN_TOKEN}`, `Bearer ${SECRETS.INTAKE_KEY}`]) {
      const body = method === 'GET' ? undefined : '{}';
      const answer = await world.fetch(path, { method, body, headers: authorization ? { authorization } : {} });
      assertRefused(answer, 401, 'unauthorized');
    }
  }
  for (const token of ['', 'wrong', `${SECRETS.INTAKE_KEY},`, SECRETS.PERSON_KEY]) {
    assertRefused(await world.post(newLead(), { token }), 401, 'unauthorized');
  }
  assertDecision(await world.post(newLead(), { token: SECRETS.ADMIN_TOKEN }));
});

test('a lead can be read with its timeline, and with everything its decision was made of', async () => {
  const lead = newLead();
  const decision = assertDecision(await world.post(lead));
  const path = `/v1/leads/${decision.lead_id}`;
  const answer = await world.ask('GET', path);
  assert.deepEqual([answer.lead_id, answer.state], [decision.lead_id, 'assigned']);
  assert.deepEqual(answer.decision, decision);
  assert.equal(answer.lead.last_name, lead.last_name);
  const events = answer.timeline.map(({ event }) => event);
  assert.deepEqual([events[0], ...events.slice(-2)], ['received', 'decided', 'due']);
  assert.ok(answer.timeline.every(({ at, text }) => Number.isFinite(Date.parse(at)) && text.length > 0));
  assert.equal(answer.record, undefined);
  const { record } = await world.ask('GET', `${path}?record=1`);
  assert.deepEqual(record.decision, decision);
  assert.deepEqual(Object.keys(record).filter((key) => ['v', 'keys', 'facts', 'view', 'context', 'asked'].includes(key)).length, 6);
});

test('a lead that is not there is 404, whatever the id looks like', async () => {
  for (const id of ['x', '0123456789abcdef-0123456789-0123456789ab', 'zz', '%20', 'a'.repeat(300)]) {
    assertRefused(await world.admin('GET', `/v1/leads/${id}`), 404, 'not_found');
  }
});

test('the ledger is read in pages, the newest first, each line once', async () => {
  const decisions = [];
  for (let index = 0; index < 7; index += 1) {
    const source = index % 2 ? 'event' : 'website';
    decisions.push(assertDecision(await world.post(newLead({ source, form: 'paged' }))));
  }
  decisions.push(assertDecision(await world.post(readJson('sample/leads/student.json')), 'rejected'));
  for (const { lead_id: id } of decisions) await world.untilDrained(1, id);
  const { decisions: all } = await world.ask('GET', '/v1/decisions?limit=200');
  const paged = [];
  let cursor = '';
  do {
    const page = await world.ask('GET', `/v1/decisions?limit=3${cursor && `&cursor=${cursor}`}`);
    assert.ok(page.decisions.length <= 3);
    paged.push(...page.decisions);
    cursor = page.next_cursor;
  } while (cursor);
  assert.deepEqual(paged, all);
  assert.equal(new Set(all.map((line) => line.decision_id)).size, all.length);
  const moments = all.map((line) => Date.parse(line.decided_at));
  assert.deepEqual(moments, [...moments].sort((one, other) => other - one));
  for (const { lead_id: id, assignment } of decisions) {
    const line = all.find((entry) => entry.lead_id === id);
    assert.deepEqual([line.rep_id, line.team, line.tier], [assignment?.rep_id ?? null, assignment?.team ?? null, assignment?.tier ?? null]);
  }

  const filtered = async (query) => (await world.ask('GET', `/v1/decisions?limit=200&${query}`)).decisions;
  const { lead_id: id, assignment } = decisions[0];
  for (const [query, wanted] of [
    ['outcome=rejected', (line) => line.outcome === 'rejected'],
    [`team=${assignment.team}`, (line) => line.team === assignment.team],
    [`rep=${assignment.rep_id}`, (line) => line.rep_id === assignment.rep_id],
    [`tier=${assignment.tier}`, (line) => line.tier === assignment.tier],
    ['source=event', (line) => line.source === 'event'],
    [`lead=${id}`, (line) => line.lead_id === id],
    ['outcome=assigned&source=event', (line) => line.outcome === 'assigned' && line.source === 'event'],
    ['outcome=nonsense', () => false],
  ]) {
    const expected = all.filter(wanted);
    assert.deepEqual(await filtered(query), expected, query);
    if (!query.includes('nonsense')) assert.ok(expected.length > 0, query);
  }
  const middle = all[3].decided_at;
  const since = await filtered(`from=${middle}`);
  const until = await filtered(`until=${middle}`);
  assert.equal(since.length + until.length, all.length);
  assert.ok(since.length > 0 && until.length > 0);
  assert.deepEqual(await filtered(`from=2999-01-01T00:00:00Z`), []);
});

test('a question to the ledger that makes no sense is refused with everything that is wrong', async () => {
  assertRefused(await world.admin('GET', '/v1/decisions?from=soon&until=later&limit=0'), 422, undefined, ['from', 'until', 'limit']);
  for (const limit of ['201', '-1', 'many', '1e3']) {
    assertRefused(await world.admin('GET', `/v1/decisions?limit=${limit}`), 422, undefined, ['limit']);
  }
  assertRefused(await world.admin('GET', '/v1/decisions?cursor=nonsense'), 422, undefined, ['cursor']);
});

test('the inbox of a rep holds what they were given, with what they need to answer', async () => {
  const lead = readJson('sample/leads/owned-account.json');
  const decision = assertDecision(await world.post(lead));
  await world.untilDrained(1, decision.lead_id);
  const { inbox } = await world.ask('GET', '/v1/reps/jonas-weidmann/inbox');
  assert.equal(inbox[0].lead_id, decision.lead_id);
  assert.equal(inbox[0].reason, decision.assignment.reason);
  assert.equal(inbox[0].contact.email, lead.email);
  assert.equal(inbox[0].contact.name, 'Lena Beispiel');
  assert.equal(Date.parse(inbox[0].due_at), Math.floor(Date.parse(decision.assignment.due_at) / 1000) * 1000);
});

test('a lead becomes a contact of its account with an owner', async () => {
  const [contact] = await world.rows('SELECT * FROM contacts WHERE email = ?', 'lena.beispiel@siemens.com');
  assert.deepEqual([contact.account_domain, contact.owner_rep_id, contact.company], ['siemens.com', 'jonas-weidmann', 'Siemens']);
  const [account] = await world.rows('SELECT * FROM accounts WHERE domain = ?', 'siemens.com');
  assert.equal(account.owner_rep_id, 'jonas-weidmann');
});

test('good rows of an import are taken, bad ones are named with their line', async () => {
  const csv = [
    'domain,name,employees,revenue_usd,industry,country,named_account,owner_rep_id,status',
    'good-one.example,Good One,120,5000000,software,US,true,luis-carvalho,prospect',
    ',No Domain,120,,,,,,',
    'bad-size.example,Bad Size,many,,,,,,',
    'bad-flag.example,Bad Flag,10,,,,perhaps,,',
    'good-two.example,"Good, Two",12,,,,,,',
  ].join('\r\n');
  const answer = await world.ask('POST', '/v1/accounts:import', csv, CSV);
  assert.equal(answer.imported, 2);
  assert.deepEqual(answer.problems.map(({ line }) => line), [3, 4, 5]);
  const decision = assertDecision(await world.post(newLead({ email: 'somebody@good-one.example', employees: undefined })));
  assert.equal(decision.assignment.rep_id, 'luis-carvalho');
  reason(decision, 'account_owner');
});

test('an import replaces what the directory said, and a lead sees it at once', async () => {
  const row = (owner) => JSON.stringify({ domain: 'moved.example', name: 'Moved', employees: 400, country: 'US', owner_rep_id: owner });
  const ndjson = { headers: { 'content-type': 'application/x-ndjson' } };
  for (const owner of ['luis-carvalho', 'amara-okafor']) {
    assert.equal((await world.ask('POST', '/v1/accounts:import', row(owner), ndjson)).imported, 1);
    const decision = assertDecision(await world.post(newLead({ email: `asks-for-${owner}@moved.example` })));
    assert.equal(decision.assignment.rep_id, owner);
  }
});

test('an import that is no table is refused', async () => {
  assertRefused(await world.admin('POST', '/v1/accounts:import', '{}', { headers: { 'content-type': 'application/json' } }), 415, 'unsupported_media_type');
  assertRefused(await world.admin('POST', '/v1/accounts:import', 'name,size\nA,1', CSV), 422);
  assertRefused(await world.admin('POST', '/v1/accounts:import', 'domain,name\n,A\n,B', CSV), 422);
});

test('the rubric in force is the one that ships, and a draft is checked without being published', async () => {
  const shipped = read('rubric.json');
  const answer = await world.admin('GET', '/v1/rubric');
  assert.deepEqual([answer.status, answer.text], [200, shipped]);
  const checked = await world.ask('POST', '/v1/rubric/check', JSON.parse(shipped));
  assert.deepEqual(checked.missing_teams, []);
  const draft = JSON.parse(shipped);
  draft.tiers[0].at_least = 61;
  draft.fallback.team = 'nowhere';
  const other = await world.ask('POST', '/v1/rubric/check', draft);
  assert.deepEqual(other.missing_teams, ['nowhere']);
  assert.notEqual(other.rubric_version, checked.rubric_version);
  assert.equal((await world.admin('GET', '/v1/rubric')).text, shipped);
});

test('a rubric with mistakes is refused with all of them, and the one in force stays', async () => {
  const before = (await world.admin('GET', '/v1/rubric')).text;
  const shape = JSON.parse(before);
  shape.tiers[1].sla_minutes = -1;
  shape.unknown_section = {};
  const sense = JSON.parse(before);
  sense.criteria[0].bands[0].when = { fact: 'company.employes', at_least: 5000 };
  sense.tiers[0].at_least = 10;
  for (const [draft, ...paths] of [
    [shape, 'tiers[1].sla_minutes', 'unknown_section'],
    [sense, 'criteria[0].bands[0].when.fact', 'tiers[1].at_least'],
  ]) {
    for (const [method, path] of [['POST', '/v1/rubric/check'], ['PUT', '/v1/rubric']]) {
      const { problems } = assertRefused(await world.admin(method, path, draft), 422);
      const found = problems.map(({ path: place }) => place);
      for (const place of paths) assert.ok(found.includes(place), `${place} among ${found}`);
    }
  }
  for (const text of ['', '{', '[]', '{"tiers": []}']) {
    const answer = await world.admin('PUT', '/v1/rubric', text, { headers: { 'content-type': 'application/json' } });
    assert.ok([400, 422].includes(answer.status), answer.text);
    assertRefused(answer, answer.status);
  }
  assert.equal((await world.admin('GET', '/v1/rubric')).text, before);
});

test('a rubric that is published decides the next lead, and the one before names the old version', async () => {
  const lead = newLead({ employees: 600, title: 'CFO' });
  const first = assertDecision(await world.post(lead));
  const rubric = JSON.parse((await world.admin('GET', '/v1/rubric')).text);
  rubric.overrides.unshift({ id: 'everybody', when: { fact: 'lead.source', known: true }, reason: 'a test wants them', tier: 'A', team: 'smb' });
  const { rubric_version: version } = await world.ask('PUT', '/v1/rubric', rubric);
  const second = assertDecision(await world.post(newLead({ employees: 600, title: 'CFO' })));
  assert.equal(second.rubric_version, version);
  assert.equal(second.assignment.team, 'smb');
  reason(second, 'everybody');
  assert.deepEqual((await world.post(lead)).body, first);
  assert.equal((await world.fetch('/healthz')).body.rubric_version, version);
});

test('a dry run explains the whole decision and writes nothing', async () => {
  const everything = async () => ({
    ledger: await world.rows('SELECT count(*) AS n FROM decisions'),
    contacts: await world.rows('SELECT count(*) AS n FROM contacts'),
    reps: await world.ask('GET', '/v1/reps'),
  });
  const marker = assertDecision(await world.post(newLead()));
  await world.untilDrained(1, marker.lead_id);
  const before = await everything();
  const lead = newLead({ employees: 600, title: 'CFO' });
  world.remember(lead);
  const answers = [];
  for (const query of ['', '', '?at=2026-11-02T09:00:00Z']) {
    answers.push(await world.ask('POST', `/v1/explain${query}`, lead));
  }
  for (const { decision, asked } of answers) {
    assert.equal(decision.outcome, 'assigned');
    assert.equal(asked[0].attempt.team, decision.assignment.team);
    assert.ok(asked[0].pick.candidates.length >= 2);
  }
  assert.equal(answers[2].decision.decided_at, '2026-11-02T09:00:00Z');
  assert.deepEqual(await everything(), before);
  const { lead_id: explained } = answers[0].decision;
  assert.deepEqual(await world.picks('smb', explained), []);
  for (const table of ['leads', 'log', 'keys', 'claims', 'crm', 'touched']) {
    assert.deepEqual(await world.objectRows('AccountShard', shardOfLead(explained), `SELECT * FROM ${table}`), [], table);
  }
  const real = assertDecision(await world.post(lead));
  assert.equal(real.assignment.rep_id, answers[1].decision.assignment.rep_id, 'the real decision is the explained one');
  assert.equal(real.lead_id, answers[1].decision.lead_id);
  assertRefused(await world.admin('POST', '/v1/explain?at=tomorrow', lead), 422);
  assertRefused(await world.admin('POST', '/v1/explain', { name: 'x' }), 422, undefined, ['email']);
});
