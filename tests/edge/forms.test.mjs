/** Forms as browsers and form libraries send them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from './kit.mjs';
import { newLead } from './leads.mjs';

const BOOKING = 'https://book.example/rep-0';

let world;
before(async () => {
  world = await start();
  await world.roster({
    reps: [{ id: 'rep-0', name: 'Rep Zero', booking_url: BOOKING }, { id: 'rep-1', name: 'Rep One' }],
    teams: [
      { id: 'smb', members: [{ rep_id: 'rep-0', weight: 1 }] },
      { id: 'partners', members: [{ rep_id: 'rep-1', weight: 1 }] },
    ],
  });
});
after(() => world.close());

const pairs = (fields = {}) => {
  const { email, first_name, last_name, company, message } = newLead(fields);
  return { email, first_name, last_name, company, message, ...fields };
};
const urlencoded = (fields) => new URLSearchParams(pairs(fields));
const multipart = (fields) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(pairs(fields))) form.append(name, value);
  return form;
};
const charged = async () => (await world.rep('rep-0')).open_leads;

for (const [kind, body] of [['urlencoded', urlencoded], ['multipart', multipart]]) {
  test(`a browser that posts a ${kind} form is sent to the booking page of its rep`, async () => {
    const answer = await world.form('contact', body());
    assert.equal(answer.status, 303, answer.text);
    assert.equal(answer.headers.get('location'), BOOKING);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  });

  test(`a browser that posts a ${kind} form is thanked when the rep has no booking page`, async () => {
    await world.ask('PUT', '/v1/forms/referrals', { accept_fields: ['partner'] });
    const answer = await world.form('referrals', body({ partner: 'canal-street' }));
    assert.equal(answer.status, 303, answer.text);
    assert.equal(answer.headers.get('location'), '/forms/referrals/thanks');
    const page = await world.fetch(answer.headers.get('location'));
    assert.equal(page.status, 200);
    assert.match(page.text, /Thank you/);
  });

  test(`a script that posts a ${kind} form and asks for JSON is told the rep, and nothing that is internal`, async () => {
    const answer = await world.form('contact', body(), { headers: { accept: 'application/json' } });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual({ ...answer.body, lead_id: undefined }, {
      lead_id: undefined,
      outcome: 'received',
      rep_name: 'Rep Zero',
      booking_url: BOOKING,
    });
    assert.doesNotMatch(answer.text, /tier|score|reason|confidence|team/);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  });
}

test('a form may be JSON, and is answered in JSON', async () => {
  const headers = { 'content-type': 'application/json' };
  const answer = await world.form('contact', JSON.stringify(pairs()), { headers });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.rep_name, 'Rep Zero');
});

test('the form of the address counts, whatever the body says', async () => {
  const answer = await world.form('spring-fair', urlencoded({ form: 'pricing' }), { headers: { accept: 'application/json' } });
  const [line] = await world.untilDrained(1, answer.body.lead_id);
  assert.equal(line.form, 'spring-fair');
});

test('names that forms use in other languages are understood', async () => {
  const body = new URLSearchParams({ 'E-Mail-Adresse': newLead().email, Vorname: 'Quentina', Firma: 'Beispiel GmbH' });
  const answer = await world.form('kontakt', body, { headers: { accept: 'application/json' } });
  assert.equal(answer.status, 200, answer.text);
  const { body: lead } = await world.admin('GET', `/v1/leads/${answer.body.lead_id}`);
  assert.deepEqual([lead.lead.first_name, lead.lead.company], ['Quentina', 'Beispiel GmbH']);
});

for (const [kind, send] of [
  ['urlencoded', (fields, init) => world.form('contact', urlencoded(fields), init)],
  ['multipart', (fields, init) => world.form('contact', multipart(fields), init)],
  ['JSON', (fields, { headers } = {}) => {
    return world.form('contact', JSON.stringify(pairs(fields)), { headers: { 'content-type': 'application/json', ...headers } });
  }],
]) {
  test(`a program that fills in the hidden field of a ${kind} form is thanked, and the lead is dropped`, async () => {
    const before = await charged();
    const answer = await send({ _gotcha: 'https://spam.example' }, { headers: { accept: 'application/json' } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.outcome, 'received');
    assert.equal(await charged(), before);
    const person = await send({}, { headers: { accept: 'application/json' } });
    assert.equal(person.body.outcome, answer.body.outcome);
    assert.equal(await charged(), before + 1);
  });
}

test('the hidden field is dropped with the same redirect that a person gets without a booking page', async () => {
  const answer = await world.form('contact', urlencoded({ _gotcha: 'x' }));
  assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/forms/contact/thanks']);
});

test('the hidden field that is empty is a person', async () => {
  const answer = await world.form('contact', urlencoded({ _gotcha: '' }));
  assert.equal(answer.headers.get('location'), BOOKING);
});

test('any page may post a form, and is told so beforehand', async () => {
  const answer = await world.fetch('/forms/contact', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://www.business.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  assert.match(answer.headers.get('access-control-allow-methods'), /POST/);
  assert.match(answer.headers.get('access-control-allow-headers'), /content-type/);
});

test('a page of another origin can read what is wrong with its form', async () => {
  const headers = { accept: 'application/json', origin: 'https://www.business.example' };
  for (const body of [urlencoded({ email: 'nobody' }), urlencoded({ email: '' })]) {
    const answer = await world.form('contact', body, { headers });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.body.error.problems.map(({ path }) => path), ['email']);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  }
});

test('a form needs no key', async () => {
  assert.equal((await world.form('contact', urlencoded())).status, 303);
});

test('the built-in form posts to itself, and no address breaks out of it', async () => {
  const page = await world.fetch('/forms/demo');
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(page.text, /action="\/forms\/demo"/);
  assert.match(page.text, /name="_gotcha"/);
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
  const odd = await world.fetch('/forms/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E');
  assert.doesNotMatch(odd.text, /<script>/);
});
