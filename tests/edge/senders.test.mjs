/** Webhooks of vendors against the built Worker, signed as the vendors sign them; two with the vendors' own libraries. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Analytics } from '@segment/analytics-node';
import { Webhook } from 'standardwebhooks';
import { start, until } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertRefused } from './shapes.mjs';
import { Vendors } from './vendors.mjs';

const STANDARD_KEY = 'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=';
const OLD_STANDARD_KEY = 'whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQ=';
const SENDERS = [
  'TYPEFORM_SECRET', 'SEGMENT_SECRET', 'HUBSPOT_CLIENT_SECRET', 'SALESFORCE_SECRET', 'TALLY_SECRET', 'WEBFLOW_SECRET', 'JOTFORM_SECRET',
  'CALENDLY_SECRET', 'META_SECRET', 'LINKEDIN_SECRET', 'GOOGLE_ADS_SECRET', 'HMAC_SECRET', 'SEGMENT_WRITE_KEY', 'META_VERIFY_TOKEN',
];
const SETTINGS = {
  ...Object.fromEntries(SENDERS.flatMap((name) => [[name, `${name}-of-the-test`], [`${name}_PREVIOUS`, `old-${name}`]])),
  STANDARD_WEBHOOKS_SECRET: STANDARD_KEY,
  STANDARD_WEBHOOKS_SECRET_PREVIOUS: OLD_STANDARD_KEY,
};

const vendors = new Vendors();
let world;
let count = 0;
before(async () => {
  // All tests together read more contacts in ten seconds than the smallest account may.
  const vars = { ...SETTINGS, HUBSPOT_BURST_PER_10_S: '1000' };
  world = await start({ instrumented: true, vars, provider: vendors });
  await world.smallWorld(3);
  world.url ??= (await world.mf.ready).origin;
});
after(() => world.close());

/** A person nobody has met, whom the log must never name. */
function person() {
  const lead = newLead();
  world.remember(lead);
  return lead;
}

const id = () => `${(count += 1)}-${Date.now()}`;
const hmac = (secret, text, encoding = 'hex', hash = 'sha256') => createHmac(hash, secret).update(text).digest(encoding);
const post = (path, body, headers = {}) => {
  return world.fetch(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
};
const seconds = () => Math.floor(Date.now() / 1000);
const envelope = (notifications) => `<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D000000000001AAA</OrganizationId>${notifications}</notifications></soapenv:Body></soapenv:Envelope>`;
const notification = (name, { email, company }) => `<Notification><Id>${name}</Id><sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Email>${email}</sf:Email><sf:Company>${company}</sf:Company></sObject></Notification>`;

/** Per sender: the payload of one lead under an id of the vendor, and how it is signed and sent. */
const VENDORS = {
  typeform: {
    setting: 'TYPEFORM_SECRET',
    payload: (name, { email, company }) => ({ event_id: `e-${name}`, event_type: 'form_response', form_response: { form_id: 'f', token: name, answers: [{ type: 'email', email, field: { id: 'a', ref: 'email' } }, { type: 'text', text: company, field: { id: 'b', ref: 'company' } }] } }),
    send: (secret, body) => post('/hooks/typeform', body, { 'typeform-signature': `sha256=${hmac(secret, body, 'base64')}` }),
  },
  segment: {
    setting: 'SEGMENT_SECRET',
    payload: (name, { email, company }) => ({ type: 'identify', messageId: name, userId: 'u', traits: { email, company: { name: company } } }),
    send: (secret, body) => post('/hooks/segment', body, { 'x-signature': hmac(secret, body, 'hex', 'sha1') }),
  },
  tally: {
    setting: 'TALLY_SECRET',
    payload: (name, { email, company }) => ({ eventId: `e-${name}`, eventType: 'FORM_RESPONSE', data: { submissionId: name, formId: 'f', fields: [{ key: 'q1', label: 'Email', type: 'INPUT_EMAIL', value: email }, { key: 'q2', label: 'Company', type: 'INPUT_TEXT', value: company }] } }),
    send: (secret, body) => post('/hooks/tally', body, { 'tally-signature': hmac(secret, body, 'base64') }),
  },
  webflow: {
    setting: 'WEBFLOW_SECRET',
    payload: (name, { email, company }) => ({ triggerType: 'form_submission', payload: { name: 'Demo', siteId: 's', data: { Email: email, Company: company }, id: name, formId: 'f' } }),
    send: (secret, body, now = Date.now()) => post('/hooks/webflow', body, { 'x-webflow-timestamp': `${now}`, 'x-webflow-signature': hmac(secret, `${now}:${body}`) }),
  },
  calendly: {
    setting: 'CALENDLY_SECRET',
    payload: (name, { email, company }) => ({ event: 'invitee.created', created_at: '2026-01-02T03:04:05Z', payload: { uri: `https://api.calendly.com/i/${name}`, email, name: 'Quentina', questions_and_answers: [{ question: 'Company', answer: company }] } }),
    send: (secret, body, now = Date.now()) => {
      const t = Math.floor(now / 1000);
      return post('/hooks/calendly', body, { 'calendly-webhook-signature': `t=${t},v1=${hmac(secret, `${t}.${body}`)}` });
    },
  },
  'standard-webhooks': {
    setting: 'STANDARD_WEBHOOKS_SECRET',
    payload: (name, { email, company }) => ({ type: 'lead.created', timestamp: '2026-01-02T03:04:05Z', data: { id: name, email, company } }),
    // The vendor's id of the event is in a header.
    send: (secret, body, now = Date.now()) => {
      const name = `msg_${JSON.parse(body).data.id}`;
      const signature = new Webhook(secret).sign(name, new Date(now), body);
      return post('/hooks/standard-webhooks', body, { 'webhook-id': name, 'webhook-timestamp': `${Math.floor(now / 1000)}`, 'webhook-signature': signature });
    },
  },
  hmac: {
    setting: 'HMAC_SECRET',
    payload: (name, { email, company }) => ({ event_id: name, email, company }),
    send: (secret, body) => post('/hooks/hmac', body, { 'x-signature': `sha256=${hmac(secret, body)}` }),
  },
  hubspot: {
    setting: 'HUBSPOT_CLIENT_SECRET',
    payload: (name, lead) => {
      const objectId = Number.parseInt(name, 10);
      vendors.contacts[objectId] = { email: lead.email, company: lead.company, jobtitle: lead.title };
      return [{ eventId: 1, portalId: 3, occurredAt: Date.now(), subscriptionType: 'contact.creation', attemptNumber: 0, objectId }];
    },
    send: (secret, body, now = Date.now()) => {
      const signature = hmac(secret, `POST${world.url}/hooks/hubspot${body}${now}`, 'base64');
      return post('/hooks/hubspot', body, { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': `${now}` });
    },
  },
  meta: {
    setting: 'META_SECRET',
    payload: (name, lead) => {
      const leadgen = Number.parseInt(name, 10) + 1_000_000;
      vendors.leads[leadgen] = { email: lead.email, company_name: lead.company };
      return { object: 'page', entry: [{ id: '1', time: seconds(), changes: [{ field: 'leadgen', value: { leadgen_id: `${leadgen}`, created_time: seconds() } }] }] };
    },
    send: (secret, body) => post('/hooks/meta', body, { 'x-hub-signature-256': `sha256=${hmac(secret, body)}` }),
  },
  linkedin: {
    setting: 'LINKEDIN_SECRET',
    payload: (name, lead) => {
      vendors.responses[name] = { EMAIL: lead.email, COMPANY_NAME: lead.company };
      return { type: 'LEAD_ACTION', leadAction: 'CREATED', leadGenFormResponse: `urn:li:leadGenFormResponse:${name}`, occurredAt: Date.now() };
    },
    send: (secret, body) => post('/hooks/linkedin', body, { 'x-li-signature': hmac(secret, `hmacsha256=${body}`) }),
  },
  salesforce: {
    setting: 'SALESFORCE_SECRET',
    payload: (name, { email, company }) => ({ event: 'lead.created', record_id: name, email, company, occurred_at: '2026-01-02T03:04:05Z' }),
    send: (secret, body) => post('/hooks/salesforce', body, { 'x-api-key': secret }),
  },
};
const secretOf = ({ setting }) => SETTINGS[setting];
const send = (vendor, payload, secret = secretOf(vendor)) => vendor.send(secret, JSON.stringify(payload));
const untilRouted = (leadId) => world.untilDrained(1, leadId, 20_000);

for (const [name, vendor] of Object.entries(VENDORS)) {
  test(`${name}: a lead is durable before the answer, is routed, and is one lead however often it comes`, async () => {
    const lead = person();
    const payload = vendor.payload(id(), lead);
    const first = await send(vendor, payload);
    assert.equal(first.status, 200, first.text);
    assert.equal(first.body.status, 'accepted', first.text);
    const stored = await world.ask('GET', `/v1/leads/${first.body.lead_id}`);
    assert.deepEqual([stored.lead.email.address ?? stored.lead.email, stored.lead.company], [lead.email, lead.company]);
    const again = await send(vendor, payload, SETTINGS[`${vendor.setting}_PREVIOUS`]);
    assert.deepEqual([again.status, again.body.status, again.body.lead_id], [200, 'duplicate', first.body.lead_id], again.text);
    const [line] = await untilRouted(first.body.lead_id);
    assert.equal(line.outcome, 'assigned');
  });

  test(`${name}: a request that is not the sender's is 401 and leaves nothing behind`, async () => {
    const body = JSON.stringify(vendor.payload(id(), person()));
    await world.control('rows');
    const wrong = name === 'standard-webhooks' ? 'whsec_d3JvbmctLXdyb25nLS13cm9uZy0td3Jvbmc=' : 'wrong';
    assertRefused(await vendor.send(wrong, body), 401, name === 'salesforce' ? 'bad_secret' : 'bad_signature');
    if (name !== 'salesforce') {
      const unsigned = await post(`/hooks/${name}`, body);
      assertRefused(unsigned, 401, 'missing_signature');
    }
    if (['webflow', 'calendly', 'standard-webhooks', 'hubspot'].includes(name)) {
      assertRefused(await vendor.send(secretOf(vendor), body, Date.now() - 301_000), 401, 'stale_timestamp');
      assertRefused(await vendor.send(secretOf(vendor), body, Date.now() + 302_000), 401, 'stale_timestamp');
    }
    assert.deepEqual(await world.control('rows'), []);
  });
}

test('twenty copies at the same moment are one lead', async () => {
  const payload = VENDORS.typeform.payload(id(), person());
  const answers = await Promise.all(Array.from({ length: 20 }, () => send(VENDORS.typeform, payload)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  const ids = new Set(answers.map(({ body }) => body.lead_id));
  assert.equal(ids.size, 1);
  await untilRouted([...ids][0]);
  assert.equal((await world.ledger([...ids][0])).length, 1);
});

test('a sender that is not set up says which setting is missing', async () => {
  const bare = await start();
  try {
    for (const name of [...Object.keys(VENDORS), 'jotform', 'google-ads']) {
      const answer = await bare.fetch(`/hooks/${name}`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
      const error = assertRefused(answer, 503, 'not_set_up');
      assert.match(error.message, /`wrangler secret put [A-Z_]+_SECRET`/);
    }
    const batch = await bare.fetch('/v1/batch', { method: 'POST', body: '{"batch":[]}', headers: { 'content-type': 'application/json' } });
    assert.match(assertRefused(batch, 503, 'not_set_up').message, /SEGMENT_WRITE_KEY/);
  } finally {
    await bare.close();
  }
});

test('an unknown sender is 404, another method 405, and a body beyond a mebibyte 413', async () => {
  assertRefused(await post('/hooks/fax', '{}'), 404, 'no_such_sender');
  assertRefused(await world.fetch('/hooks/typeform'), 405, 'method_not_allowed');
  assertRefused(await world.fetch('/hooks/typeform', { method: 'PUT', body: '{}' }), 405, 'method_not_allowed');
  const body = (bytes) => `"${'x'.repeat(bytes - 2)}"`;
  assertRefused(await send(VENDORS.tally, 'x'.repeat(1_048_576 - 1)), 413, 'body_too_large');
  const fits = await VENDORS.tally.send(SETTINGS.TALLY_SECRET, body(1_048_576));
  assert.deepEqual([fits.status, fits.body.events], [200, [{ status: 'ignored', code: 'unknown_event_type' }]], fits.text);
});

test('a lead without an address is no reason for the vendor to try again, and is in the log by its code', async () => {
  const { email: _, ...rest } = person();
  const answer = await send(VENDORS.typeform, VENDORS.typeform.payload(id(), rest));
  assert.deepEqual([answer.status, answer.body.status, answer.body.events[0].code], [200, 'refused', 'email:missing_email']);
  const line = world.events('event.refused').at(-1);
  assert.deepEqual([line.code, line.detail], ['email:missing_email', 'typeform']);
});

test('a body that is signed and is no JSON is 400', async () => {
  assertRefused(await VENDORS.typeform.send(SETTINGS.TYPEFORM_SECRET, '{"event_id":'), 400, 'unreadable_body');
});

test("the sender does not wait for providers, and the watchdog's work is not needed", async () => {
  const started = Date.now();
  const answer = await send(VENDORS.tally, VENDORS.tally.payload(id(), person()));
  assert.ok(Date.now() - started < 2_000, `${Date.now() - started} ms`);
  await until(async () => (await world.ledger(answer.body.lead_id)).length === 1, 'decision before the watchdog', 10_000);
});

// --- HubSpot --------------------------------------------------------------------------------------------------

test('hubspot: a hundred events are answered within its five seconds, and all of them become leads', async () => {
  for (const latencyMs of [60, 600]) {
    vendors.latencyMs = latencyMs;
    const people = Array.from({ length: 100 }, person);
    const events = people.map((lead) => VENDORS.hubspot.payload(id(), lead)[0]);
    const started = Date.now();
    const answer = await send(VENDORS.hubspot, events);
    const ms = Date.now() - started;
    vendors.latencyMs = 0;
    assert.equal(answer.status, 200, answer.text);
    const statuses = answer.body.events.map(({ status }) => status);
    assert.ok(statuses.every((status) => ['accepted', 'queued'].includes(status)), answer.text);
    assert.ok(ms < 5_000, `${ms} ms`);
    if (latencyMs === 600) assert.ok(statuses.includes('queued'), 'nothing was left over');
    const emails = new Set(people.map(({ email }) => email));
    const contacts = async () => (await world.rows('SELECT email FROM contacts')).filter(({ email }) => emails.has(email));
    await until(async () => (await contacts()).length === 100, 'contact of every lead', 60_000);
    assertRefused(await send(VENDORS.hubspot, [...events, events[0]]), 413, 'too_many_events');
  }
});

test('hubspot: what cannot be read yet comes again, and what was accepted is recognized', async () => {
  const events = [...VENDORS.hubspot.payload(id(), person()), ...VENDORS.hubspot.payload(id(), person())];
  vendors.statuses = [200, 429];
  const busy = await send(VENDORS.hubspot, events);
  assert.ok(busy.headers.get('retry-after'));
  assertRefused(busy, 503, 'fetch_unavailable');
  const again = await send(VENDORS.hubspot, events);
  assert.deepEqual(again.body.events.map(({ status }) => status).sort(), ['accepted', 'duplicate'], again.text);
});

test('hubspot: a contact that was edited between two deliveries is the same lead', async () => {
  const events = VENDORS.hubspot.payload(id(), person());
  const first = await send(VENDORS.hubspot, events);
  vendors.contacts[events[0].objectId].jobtitle = 'Chief Everything Officer';
  const again = await send(VENDORS.hubspot, events);
  assert.deepEqual([again.body.status, again.body.lead_id], ['duplicate', first.body.lead_id]);
});

test('hubspot: deleted contacts and our own assignments are no leads, one bad event does not lose the others', async () => {
  const [good] = VENDORS.hubspot.payload(id(), person());
  const old = { ...good, objectId: 999_999, occurredAt: Date.now() - 120_000 };
  const owner = { ...good, objectId: 5, subscriptionType: 'contact.propertyChange', propertyName: 'hubspot_owner_id', propertyValue: '7' };
  const answer = await send(VENDORS.hubspot, [old, owner, { ...good, objectId: 'x' }, good]);
  const codes = answer.body.events.map(({ status, code }) => code ?? status);
  assert.deepEqual(codes, ['record_gone', 'crm_change', 'no_object_id', 'accepted'], answer.text);
});

test('hubspot: a token that is refused or missing is the operators part, and nothing is lost', async () => {
  const payload = VENDORS.hubspot.payload(id(), person());
  for (const [token, code] of [['pat-that-expired', 'fetch_token_refused'], [null, 'not_set_up']]) {
    const provider = new Vendors({ contacts: vendors.contacts });
    const other = await start({ vars: { ...SETTINGS, HUBSPOT_TOKEN: token }, provider });
    try {
      other.expectErrors('sender.misconfigured');
      const body = JSON.stringify(payload);
      other.url ??= (await other.mf.ready).origin;
      const now = Date.now();
      const headers = { 'x-hubspot-request-timestamp': `${now}`, 'x-hubspot-signature-v3': hmac(SETTINGS.HUBSPOT_CLIENT_SECRET, `POST${other.url}/hooks/hubspot${body}${now}`, 'base64') };
      assertRefused(await other.fetch('/hooks/hubspot', { method: 'POST', body, headers }), 503, code);
      assert.equal(other.events('sender.misconfigured').length, 1);
    } finally {
      await other.close();
    }
  }
  assert.equal((await send(VENDORS.hubspot, payload)).body.status, 'accepted');
});

test('hubspot: the address of the API and more properties can be set', async () => {
  const provider = new Vendors({ contacts: { 7: { email: 'zed.ypsilon@firm-z.example', budget: '1000' } } });
  const vars = { ...SETTINGS, HUBSPOT_BASE_URL: 'http://127.0.0.1:9/proxy/', HUBSPOT_PROPERTIES: 'budget', HUBSPOT_WEBHOOK_URL: 'https://leads.example.com/hooks/hubspot' };
  provider.answer = async (request) => Vendors.prototype.answer.call(provider, new Request(request.url.replace('/proxy', ''), request));
  const other = await start({ vars, provider });
  try {
    const body = '[{"portalId":3,"subscriptionType":"contact.creation","objectId":7}]';
    const now = Date.now();
    const headers = { 'x-hubspot-request-timestamp': `${now}`, 'x-hubspot-signature-v3': hmac(SETTINGS.HUBSPOT_CLIENT_SECRET, `POST${vars.HUBSPOT_WEBHOOK_URL}${body}${now}`, 'base64') };
    const answer = await other.fetch('/hooks/hubspot', { method: 'POST', body, headers });
    assert.equal(answer.body.status, 'accepted', answer.text);
    assert.equal(provider.calls[0].host, '127.0.0.1:9');
    assert.equal((await other.ask('GET', `/v1/leads/${answer.body.lead_id}`)).lead.fields.budget, '1000');
  } finally {
    await other.close();
  }
});

// --- Challenges -------------------------------------------------------------------------------------------------

test('meta: the challenge is answered word for word, and to nobody else', async () => {
  const challenge = (token) => world.fetch(`/hooks/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=${token}`);
  for (const token of [SETTINGS.META_VERIFY_TOKEN]) {
    const answer = await challenge(token);
    assert.deepEqual([answer.status, answer.text, answer.headers.get('content-type')], [200, '1158201444', 'text/plain']);
  }
  assertRefused(await challenge('guessed'), 403, 'bad_challenge');
});

test('linkedin: the challenge is answered with its HMAC', async () => {
  const code = '890e4665-4dfe-4ab1-b689-ed553bceeed0';
  const { status, body } = await world.fetch(`/hooks/linkedin?challengeCode=${code}&applicationId=1`);
  assert.deepEqual([status, body], [200, { challengeCode: code, challengeResponse: hmac(SETTINGS.LINKEDIN_SECRET, code) }]);
});

// --- Senders with a form of their own ---------------------------------------------------------------------------

test('salesforce: an outbound message is acknowledged once all of it is durable', async () => {
  const [one, other] = [person(), person()];
  const body = envelope(notification(`04l-${id()}`, one) + notification(`04l-${id()}`, other));
  const message = (secret) => post(`/hooks/salesforce?secret=${secret}`, body, { 'content-type': 'text/xml; charset=utf-8', soapaction: '""' });
  for (const secret of [SETTINGS.SALESFORCE_SECRET, SETTINGS.SALESFORCE_SECRET_PREVIOUS]) {
    const answer = await message(secret);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('content-type'), /^text\/xml/);
    assert.match(answer.text, /<notificationsResponse xmlns="http:\/\/soap.sforce.com\/2005\/09\/outbound"><Ack>true<\/Ack>/);
  }
  await until(async () => (await world.rows('SELECT email FROM contacts')).filter(({ email }) => [one.email, other.email].includes(email)).length === 2, 'both contacts');
  assertRefused(await message('wrong'), 401, 'bad_secret');
  const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>';
  assertRefused(await post(`/hooks/salesforce?secret=${SETTINGS.SALESFORCE_SECRET}`, bomb, { 'content-type': 'text/xml' }), 400, 'unreadable_body');
});

test('salesforce: a flow whose lead cannot be used takes its fault path', async () => {
  assertRefused(await send(VENDORS.salesforce, { record_id: '00Q', company: 'Firm' }), 422, 'invalid');
});

test('google ads: the answer is empty, a test is no lead, a lead that cannot be used is named', async () => {
  const lead = person();
  const body = (more) => JSON.stringify({ lead_id: id(), form_id: 1, google_key: SETTINGS.GOOGLE_ADS_SECRET, is_test: false, user_column_data: [{ column_id: 'EMAIL', string_value: lead.email }, { column_id: 'COMPANY_NAME', string_value: lead.company }], ...more });
  const answer = await post('/hooks/google-ads', body());
  assert.deepEqual([answer.status, answer.body], [200, {}]);
  await until(async () => (await world.rows('SELECT email FROM contacts WHERE email = ?', lead.email)).length === 1, 'contact');
  assert.deepEqual((await post('/hooks/google-ads', body({ is_test: true }))).body, {});
  const bad = await post('/hooks/google-ads', body({ user_column_data: [{ column_id: 'EMAIL', string_value: 'nobody' }] }));
  assert.deepEqual([bad.status, bad.body], [400, { message: 'the lead cannot be used: email:invalid_email' }]);
  assertRefused(await post('/hooks/google-ads', body({ google_key: 'wrong' })), 401, 'bad_secret');
});

test('jotform: a multipart submission with the secret in the address', async () => {
  const lead = person();
  const form = new FormData();
  form.append('formID', '800');
  form.append('submissionID', id());
  form.append('rawRequest', JSON.stringify({ slug: 'x', q3_email: lead.email, q4_name: { first: 'Quentina', last: lead.last_name }, q5_company: lead.company }));
  const submit = (secret) => world.fetch(`/hooks/jotform?secret=${secret}`, { method: 'POST', body: form });
  const answer = await submit(SETTINGS.JOTFORM_SECRET);
  assert.equal(answer.body.status, 'accepted', answer.text);
  const stored = await world.ask('GET', `/v1/leads/${answer.body.lead_id}`);
  assert.deepEqual([stored.lead.last_name, stored.lead.form], [lead.last_name, '800']);
  assert.equal((await submit(SETTINGS.JOTFORM_SECRET_PREVIOUS)).body.status, 'duplicate');
  assertRefused(await submit('wrong'), 401, 'bad_secret');
});

// --- Segment's own library -----------------------------------------------------------------------------------------

test("segment: its Node.js library sends its calls here, and each lead is there once", async () => {
  const errors = [];
  const analytics = new Analytics({ writeKey: SETTINGS.SEGMENT_WRITE_KEY, host: world.url, flushAt: 4, maxRetries: 0 });
  analytics.on('error', (error) => errors.push(error));
  const [one, other] = [person(), person()];
  analytics.identify({ userId: 'u-1', traits: { email: one.email, company: { name: one.company } }, messageId: `m-${id()}` });
  analytics.track({ anonymousId: 'a-1', event: 'Demo Requested', properties: { plan: 'pro' }, context: { traits: { email: other.email } } });
  analytics.page({ userId: 'u-1', name: 'Pricing' });
  analytics.group({ userId: 'u-1', groupId: 'g', traits: { name: 'Firm' } });
  analytics.alias({ userId: 'u-1', previousId: 'a-1' });
  analytics.screen({ userId: 'u-1', name: 'Home' });
  await analytics.closeAndFlush({ timeout: 10_000 });
  assert.deepEqual(errors, []);
  for (const { email } of [one, other]) {
    await until(async () => (await world.rows('SELECT email FROM contacts WHERE email = ?', email)).length === 1, 'contact', 20_000);
  }
  assert.equal((await world.rows('SELECT email FROM contacts WHERE email IN (?, ?)', one.email, other.email)).length, 2);
});

test('segment: its library is told when its write key is another one', async () => {
  const failures = [];
  const analytics = new Analytics({ writeKey: 'another', host: world.url, flushAt: 1, maxRetries: 0 });
  analytics.on('error', (error) => failures.push(error));
  analytics.identify({ userId: 'u', traits: { email: person().email } });
  await analytics.closeAndFlush({ timeout: 10_000 });
  assert.equal(failures.length, 1);
});

test('segment: single calls, the key in the body, and the limits of 32 and 500 kilobytes', async () => {
  const basic = (key) => ({ authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` });
  const headers = basic(SETTINGS.SEGMENT_WRITE_KEY);
  for (const call of ['identify', 'track', 'page', 'screen', 'group', 'alias']) {
    const answer = await post(`/v1/${call}`, JSON.stringify({ userId: 'u', event: 'x' }), headers);
    assert.deepEqual([answer.status, answer.body], [200, { success: true }], call);
    assertRefused(await post(`/v1/${call}`, '{"userId":"u"}'), 401, 'missing_signature');
  }
  assert.equal((await post('/v1/page', JSON.stringify({ userId: 'u', writeKey: SETTINGS.SEGMENT_WRITE_KEY_PREVIOUS }))).status, 200);
  const event = (bytes) => `{"userId":"u","x":"${'y'.repeat(bytes - 21)}"}`;
  assert.equal(event(100).length, 100);
  assert.equal((await post('/v1/page', event(32 * 1024), headers)).status, 200);
  assertRefused(await post('/v1/page', event(32 * 1024 + 1), headers), 400, 'event_too_large');
  const batch = (bytes) => '{"batch":[{"type":"page"}]}'.padEnd(bytes);
  assert.equal((await post('/v1/batch', batch(500 * 1024), headers)).status, 200);
  assertRefused(await post('/v1/batch', batch(500 * 1024 + 1), headers), 400, 'batch_too_large');
});

test('segment: a batch of a webhook is signed by its first event alone, so the others need the secret too', async () => {
  const [one, other] = [person(), person()].map((lead) => VENDORS.segment.payload(id(), lead));
  const body = JSON.stringify([one, other]);
  const headers = { 'x-signature': hmac(SETTINGS.SEGMENT_SECRET, JSON.stringify(one), 'hex', 'sha1') };
  assertRefused(await post('/hooks/segment', body, headers), 401, 'unsigned_events');
  const answer = await post('/hooks/segment', body, { ...headers, 'x-api-key': SETTINGS.SEGMENT_SECRET });
  assert.deepEqual(answer.body.events.map(({ status }) => status), ['accepted', 'accepted'], answer.text);
});
