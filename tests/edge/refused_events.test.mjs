/** Payloads and forms that were no leads before somebody said what their fields mean, and encodings beyond UTF-8. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SECRETS, start } from './kit.mjs';
import { newLead } from './leads.mjs';
import { assertRefused } from './shapes.mjs';

const SECRET = 'hmac-secret-of-the-test';
let world;
before(async () => {
  world = await start({ vars: { HMAC_SECRET: SECRET, TALLY_SECRET: SECRET } });
  await world.smallWorld(2);
});
after(() => world.close());

const person = () => {
  const lead = newLead();
  world.remember(lead);
  return lead;
};
const hook = (body) => {
  const text = JSON.stringify(body);
  const signature = createHmac('sha256', SECRET).update(text).digest('hex');
  return world.fetch('/hooks/hmac', { method: 'POST', body: text, headers: { 'content-type': 'application/json', 'x-signature': signature } });
};
const refused = async () => (await world.ask('GET', '/v1/refused-events'));

test('an event with two addresses is kept, shown, mapped and taken in again', async () => {
  const [one, other] = [person(), person()];
  const body = { id: 'r-1', field_7: one.email, field_8: other.email, Firma: one.company };
  for (let times = 0; times < 2; times += 1) assert.equal((await hook(body)).body.status, 'refused');
  const { refused_events: [event, ...others], count } = await refused();
  assert.deepEqual([event.sender, event.code, count, others], ['hmac', 'email:ambiguous_email', 1, []]);
  assert.ok(event.names.includes('field_7') && !JSON.stringify(event).includes(one.email));
  assertRefused(await world.admin('POST', `/v1/refused-events/${event.id}/redrive`), 422);
  assert.deepEqual((await world.ask('PUT', '/v1/senders/hmac', { fields: { field_7: 'email' } })), { id: 'hmac', fields: { field_7: 'email' } });
  const shown = (await world.ask('GET', `/v1/refused-events/${event.id}`)).preview;
  assert.equal(shown.is_lead, true);
  assert.deepEqual(shown.fields.find(({ field }) => field === 'email'), { sent: 'field_7', field: 'email', found_by: 'setting', value: one.email });
  const again = await world.ask('POST', `/v1/refused-events/${event.id}/redrive`);
  assert.equal(again.status, 'accepted');
  assert.equal((await refused()).count, 0);
  assert.equal((await hook(body)).body.status, 'duplicate');
  await world.ask('PUT', '/v1/senders/hmac', {});
});

test('a refused event is dismissed, or erased with the person', async () => {
  const [one, other] = [person(), person()];
  await hook({ id: 'r-2', a: one.email, b: other.email });
  await hook({ id: 'r-3', a: person().email, b: person().email });
  const removed = (await world.ask('DELETE', '/v1/people', { email: one.email })).removed;
  assert.equal(removed.refused_events, 1);
  const { refused_events: [event] } = await refused();
  await world.ask('DELETE', `/v1/refused-events/${event.id}`);
  assertRefused(await world.admin('GET', `/v1/refused-events/${event.id}`), 404);
  assert.equal((await refused()).count, 0);
});

test('a body of a sender that nobody can read is seen, too', async () => {
  const signature = createHmac('sha256', SECRET).update('{').digest('hex');
  const answer = await world.fetch('/hooks/hmac', { method: 'POST', body: '{', headers: { 'content-type': 'application/json', 'x-signature': signature } });
  assertRefused(answer, 400, 'unreadable_body');
  assert.deepEqual((await refused()).refused_events.map(({ code }) => code), ['unreadable_body']);
});

test('a pasted sample shows what becomes of every field', async () => {
  const sample = { eventType: 'FORM_RESPONSE', data: { submissionId: 's', fields: [{ label: 'Your best email?', type: 'INPUT_TEXT', value: 'ada@fjordwerk.example' }, { label: 'Team', type: 'INPUT_TEXT', value: '12' }] } };
  const { events: [event] } = (await world.ask('POST', '/v1/senders/tally/preview', { sample, fields: { Team: 'employees' } }));
  const found = event.fields.filter(({ found_by: by }) => by !== 'contract').map(({ sent, field, found_by: by }) => [sent, field, by]);
  assert.deepEqual(found.slice(0, 2), [['Your best email?', 'email', 'name'], ['Team', 'employees', 'setting']]);
  const form = (await world.ask('POST', '/v1/forms/contact/preview', { sample: 'q7=ada%40fjordwerk.example&q8=Acme', fields: { q8: 'company' } })).events[0];
  assert.deepEqual([form.is_lead, form.notes[0].code], [true, 'found_by_value']);
  assertRefused(await world.admin('POST', '/v1/senders/tally/preview', { fields: {} }), 422);
  assertRefused(await world.admin('PUT', '/v1/senders/tally', { fields: { a: 'emial' } }), 422);
  assertRefused(await world.admin('PUT', '/v1/senders/nobody', {}), 404);
  for (const path of ['/v1/senders/tally', '/v1/refused-events', '/v1/refused-events/x']) assertRefused(await world.fetch(path), 401);
});

const latin1 = (name) => [...Buffer.from(name, 'latin1')].map((byte) => (byte > 127 ? `%${byte.toString(16)}` : String.fromCharCode(byte))).join('');

test('a form in another encoding keeps its umlauts', async () => {
  const post = async (charset, company) => {
    const { email } = person();
    const media = `application/x-www-form-urlencoded${charset}`;
    const answer = await world.fetch('/forms/contact', { method: 'POST', body: `email=${encodeURIComponent(email)}&company=${company}`, headers: { 'content-type': media, accept: 'application/json' } });
    assert.equal(answer.status, 200, answer.text);
    return (await world.ask('GET', `/v1/leads/${answer.body.lead_id}`)).lead.company;
  };
  assert.equal(await post('', latin1('Müller')), 'Müller');
  assert.equal(await post('; charset=iso-8859-1', latin1('Müller')), 'Müller');
  assert.equal(await post('; charset=shift_jis', '%8eR%93c'), '山田');
  const multipart = Buffer.from('--b\r\ncontent-disposition: form-data; name="email"\r\n\r\nEMAIL\r\n--b\r\ncontent-disposition: form-data; name="company"\r\n\r\nM\xfcller\r\n--b--\r\n'.replace('EMAIL', person().email), 'latin1');
  const answer = await world.fetch('/forms/contact', { method: 'POST', body: multipart, headers: { 'content-type': 'multipart/form-data; boundary=b', accept: 'application/json' } });
  assert.equal((await world.ask('GET', `/v1/leads/${answer.body.lead_id}`)).lead.company, 'Müller');
});

test('a table comes compressed or in another encoding, and what is no table is refused', async () => {
  const { email } = person();
  const csv = `sep=;\r\nWork Email;Firma\r\n${email};Müller\r\n`;
  const send = (body, headers = {}) => {
    const authorization = `Bearer ${SECRETS.INTAKE_KEY}`;
    return world.fetch('/v1/leads:batch', { method: 'POST', body, headers: { 'content-type': 'text/csv', authorization, ...headers } });
  };
  const sums = ({ text: lines }) => JSON.parse(lines.trim().split('\n').at(-1));
  assert.equal(sums(await send(gzipSync(csv), { 'content-encoding': 'gzip' })).accepted, 1);
  assert.equal(sums(await send(Buffer.from(`\ufeff${csv}`, 'utf16le'))).accepted, 1);
  assert.equal(sums(await send(Buffer.from(csv, 'latin1'))).accepted, 1);
  assertRefused(await send(gzipSync(csv)), 415, 'not_text');
  assertRefused(await send(csv, { 'content-encoding': 'br' }), 415, 'unsupported_content_encoding');
  assertRefused(await send('x', { 'content-encoding': 'gzip' }), 400, 'broken_compression');
  assertRefused(await send(Buffer.from('PK\x03\x04xl/workbook.xml', 'latin1')), 415, 'not_text');
  assertRefused(await send('email,company\n'), 422, 'no_rows');
});

test('the plain page shows what its form requires, and takes a profile without a scheme', async () => {
  await world.ask('PUT', '/v1/forms/strict', { required: ['company', 'fields.budget'] });
  const { text: html } = await world.fetch('/forms/strict');
  for (const name of ['email', 'company', 'fields.budget']) assert.match(html, new RegExp(`name="${name}"[^>]* required`));
  assert.match(html, /Budget <span/);
  assert.doesNotMatch(html, /name="title"[^>]* required|type="url"/);
  assert.match(html, /color-scheme:light dark/);
});
