/**
 * Whatever arrives is refused in the shape of the contract, naming every wrong field, or it is a lead that is routed:
 * never a 5xx, never a lead that is lost, nothing about a person in the log.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SECRETS, start } from './kit.mjs';
import { assertDecision, assertRefused } from './shapes.mjs';

let world;
before(async () => {
  world = await start();
  await world.smallWorld(3);
});
after(async () => {
  await world.untilDrained(routed);
  assert.equal((await world.ledger()).length, routed, 'every routed lead is in the ledger, and nothing else');
  await world.close();
});

let routed = 0;
let count = 0;
const address = () => `quentina.bad${(count += 1)}@firm-bad-${count}.example`;
const big = (bytes) => 'x'.repeat(bytes);
const bytes = (...values) => new Uint8Array(values);

/** Answer of the refusals: status, code, and the paths of all problems. */
const refused = (status, code, ...paths) => ({ status, code, paths: paths.length > 0 ? paths : undefined });
const ROUTED = 'routed';

/** name → [body, what happens] for `POST /v1/leads`; a body that is no text is written as JSON. */
const JSON_BODIES = {
  'an empty body': ['', refused(400, 'empty_body')],
  'a blank body': [' \r\n\t', refused(400, 'empty_body')],
  'nothing but a byte order mark': ['\ufeff', refused(400, 'empty_body')],
  'broken JSON': ['{"email": "a@b.example"', refused(400, 'broken_json')],
  'two JSON values': ['{"email": "a@b.example"} {}', refused(400, 'broken_json')],
  'single quotes': ["{'email': 'a@b.example'}", refused(400, 'broken_json')],
  'a lone surrogate': ['{"email": "a@b.example", "name": "\\ud800"}', refused(400)],
  'bytes that are not UTF-8': [bytes(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d), refused(400, 'bad_encoding')],
  'UTF-16': [Buffer.from('\ufeff{"email":"a@b.example"}', 'utf16le'), refused(400, 'bad_encoding')],
  'a list': [[{ email: 'a@b.example' }], refused(400, 'not_an_object')],
  'null': ['null', refused(400, 'not_an_object')],
  'a number': ['42', refused(400, 'not_an_object')],
  'a text': ['"a@b.example"', refused(400, 'not_an_object')],
  'an empty object': [{}, refused(422, undefined, 'email')],
  '2 MB': [`{"email":"a@b.example","message":"${big(2 << 20)}"}`, refused(413, 'body_too_large')],
  'one byte too many': [`{"email":"a@b.example"}`.padEnd((256 << 10) + 1), refused(413, 'body_too_large')],
  'as many bytes as fit': [JSON.stringify({ email: address() }).padEnd(256 << 10), ROUTED],
  '5,000 fields': [fields(5_000), refused(422, undefined, 'fields')],
  'no e-mail address': [{ first_name: 'Quentina' }, refused(422, undefined, 'email')],
  'a null address': [{ email: null }, refused(422, undefined, 'email')],
  'a blank address': [{ email: '  ' }, refused(422, undefined, 'email')],
  'an address without a host': [{ email: 'quentina' }, refused(422, undefined, 'email')],
  'an address with two hosts': [{ email: 'quentina@@firm.example' }, refused(422, undefined, 'email')],
  'an address at localhost': [{ email: 'quentina@localhost' }, refused(422, undefined, 'email')],
  'an address of 300 bytes': [{ email: `${big(250)}@${big(40)}.example` }, refused(422, undefined, 'email')],
  'an address with a line end and a header': [{ email: 'a@b.example\r\nBcc: c@d.example' }, refused(422, undefined, 'email')],
  'an address that is a number': [{ email: 42 }, refused(422, undefined, 'email')],
  'an address in a list': [{ email: [address()] }, ROUTED],
  'an address in an object': [{ email: { work: address() } }, ROUTED],
  'an address that is a flag': [{ email: true }, refused(422, undefined, 'email')],
  'control characters': [
    { email: address(), first_name: 'Quen\u0000tina', message: 'bell \u0007' },
    ROUTED,
  ],
  'an escape sequence': [{ email: address(), company: '\u001b[31mred' }, ROUTED],
  'a first name of 301 characters': [{ email: address(), first_name: '名'.repeat(301) }, ROUTED],
  'a first name of 300 characters': [{ email: address(), first_name: '名'.repeat(300) }, ROUTED],
  'a company of 1,001 characters': [{ email: address(), company: big(1_001) }, ROUTED],
  'a message of 10,001 characters': [{ email: address(), message: big(10_001) }, ROUTED],
  'a message of 10,000 emoji': [{ email: address(), message: '🦀'.repeat(10_000) }, ROUTED],
  'emoji, right-to-left and combining characters': [
    { email: address(), first_name: '👩🏽‍🚀', last_name: 'שלום-مرحبا', company: 'Ẓ̌ȧ̈l̃g̊ö' },
    ROUTED,
  ],
  'HTML and SQL in a name': [{ email: address(), name: `<script>alert(1)</script>'; DROP TABLE decisions;--` }, ROUTED],
  'a repeated key': [`{"email":"${address()}","company":"A","company":"B"}`, refused(422, undefined, 'company')],
  'a repeated address': ['{"email":"a@b.example","email":"c@d.example"}', refused(422, undefined, 'email')],
  'keys that differ in an escape only': ['{"email":"a@b.example","\\u0065mail":"c@d.example"}', refused(422, undefined, 'email')],
  '__proto__ and constructor as keys': [`{"email":"${address()}","__proto__":{"a":1},"constructor":"x"}`, ROUTED],
  'nested lists': [{ email: address(), company: [[['A']]], budget: [[1]] }, ROUTED],
  '10,000 nested lists': [`{"email":"${address()}","a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, ROUTED],
  '10,000 nested objects': [`{"email":"${address()}","a":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, ROUTED],
  'intent that is no list': [{ email: address(), intent: 'hot' }, ROUTED],
  'intent of the wrong shape': [
    { email: address(), intent: [{ at: 'yesterday' }, 'demo', { signal: 1 }] },
    ROUTED,
  ],
  'utm that is a text': [{ email: address(), utm: 'google' }, ROUTED],
  'a moment that is none': [{ email: address(), submitted_at: '2026-13-45' }, ROUTED],
  'many wrong fields at once': [
    { email: 'nobody', first_name: big(301), company: ['x'], utm: 7, submitted_at: 'soon', intent: {} },
    refused(422, undefined, 'email'),
  ],
  'numbers that are not finite or huge': [`{"email":"${address()}","employees":1e999}`, refused(undefined)],
  'a size that is negative': [{ email: address(), employees: -5 }, ROUTED],
  'a size in words': [{ email: address(), employees: 'quite a few' }, ROUTED],
  'a number as an ordinary field': [{ email: address(), budget: 12.5, trial: true, nothing: null }, ROUTED],
  'a country nobody knows': [{ email: address(), country: 'Atlantis' }, ROUTED],
  'a submission_id of 256 bytes': [{ email: address(), submission_id: big(256) }, ROUTED],
};

function fields(count) {
  return Object.fromEntries([['email', 'a@b.example'], ...Array.from({ length: count }, (_, index) => [`f${index}`, 'x'])]);
}

async function assertOutcome(answer, expected) {
  assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
  if (expected === ROUTED) {
    assertDecision(answer);
    routed += 1;
  } else if (expected.status) {
    assertRefused(answer, expected.status, expected.code, expected.paths);
  } else {
    assert.ok([400, 422].includes(answer.status), answer.text);
    assertRefused(answer, answer.status);
  }
}

for (const [name, [body, expected]] of Object.entries(JSON_BODIES)) {
  test(`POST /v1/leads with ${name}`, async () => {
    const isBody = typeof body === 'string' || ArrayBuffer.isView(body);
    const answer = await world.post(isBody ? body : Array.isArray(body) ? JSON.stringify(body) : body);
    await assertOutcome(answer, expected);
    assert.doesNotMatch(answer.text, /quentina/i, 'an answer does not repeat what the person wrote');
  });
}

const LEAD = '{"email":"a@b.example"}';
for (const type of ['text/plain', 'application/xml', 'application/json; charset=iso-8859-1', 'json', 'multipart/form-data']) {
  test(`POST /v1/leads as ${type}`, async () => {
    assertRefused(await world.post(LEAD, { headers: { 'content-type': type } }), 415, 'unsupported_media_type');
  });
}

test('POST /v1/leads without a content type', async () => {
  const headers = { authorization: `Bearer ${SECRETS.INTAKE_KEY}` };
  const answer = await world.fetch('/v1/leads', { method: 'POST', headers, body: Buffer.from(LEAD) });
  assertRefused(answer, 415, 'unsupported_media_type');
});

test('POST /v1/leads in pieces, without a length, up to the limit and beyond', async () => {
  const stream = (text) => new Blob([text]).stream();
  const small = JSON.stringify({ email: address() });
  await assertOutcome(await world.post(stream(small), { duplex: 'half' }), ROUTED);
  const large = JSON.stringify({ email: address(), message: big(2 << 20) });
  assertRefused(await world.post(stream(large), { duplex: 'half' }), 413, 'body_too_large');
});

test('POST /v1/leads with an Idempotency-Key that is too long', async () => {
  assertRefused(await world.post({ email: address() }, { key: big(256) }), 422, 'idempotency_key_too_long');
});

test('POST /v1/leads with a key of blanks is a lead without a key', async () => {
  await assertOutcome(await world.post({ email: address() }, { headers: { 'idempotency-key': '   ' } }), ROUTED);
});

const URLENCODED = 'application/x-www-form-urlencoded';
const multipart = (...parts) => {
  const form = new FormData();
  for (const [name, ...value] of parts) form.append(name, ...value);
  return form;
};
const raw = (text, boundary = 'b') => [text, { 'content-type': `multipart/form-data; boundary=${boundary}` }];

/** name → [body, headers, what happens] for `POST /forms/contact`. */
const FORM_BODIES = {
  'an empty body': ['', { 'content-type': URLENCODED }, refused(400, 'empty_body')],
  'JSON under the type of a form': [LEAD, { 'content-type': URLENCODED }, refused(415, 'unsupported_media_type')],
  'no address': ['name=Quentina', { 'content-type': URLENCODED }, refused(422, undefined, 'email')],
  'an impossible address': ['email=quentina', { 'content-type': URLENCODED }, refused(422, undefined, 'email')],
  'two addresses': ['email=a%40b.example&email=c%40d.example', { 'content-type': URLENCODED }, refused(422, undefined, 'email')],
  'a repeated checkbox': [`email=${address()}&interest=a&interest=b`, { 'content-type': URLENCODED }, ROUTED],
  'broken percent signs': [`email=${address()}&name=%zz%e2%28&company=%`, { 'content-type': URLENCODED }, ROUTED],
  'another encoding': [`email=${address()}&name=L%F3pez`, { 'content-type': URLENCODED }, ROUTED],
  'control characters': [`email=${address()}&name=%00&company=a%07b`, { 'content-type': URLENCODED }, ROUTED],
  '5,000 fields': [
    new URLSearchParams(fields(5_000)).toString(),
    { 'content-type': URLENCODED },
    refused(422, undefined, 'fields'),
  ],
  '2 MB': [`email=a%40b.example&message=${big(2 << 20)}`, { 'content-type': URLENCODED }, refused(413, 'body_too_large')],
  'plain text': ['email=a@b.example', { 'content-type': 'text/plain' }, refused(415, 'unsupported_media_type')],
  'no content type': [Buffer.from('email=a%40b.example'), {}, refused(415, 'unsupported_media_type')],
  'a multipart form': [multipart(['email', address()], ['name', 'Quentina']), {}, ROUTED],
  'a multipart form with a file': [
    multipart(['email', address()], ['cv', new Blob([big(1_000)]), 'cv.pdf']),
    {},
    ROUTED,
  ],
  'a multipart form without parts': [...raw('--b--\r\n'), refused(400, 'empty_body')],
  'a multipart form without an address': [multipart(['name', 'Quentina']), {}, refused(422, undefined, 'email')],
  'a multipart form that breaks off': [...raw('--b\r\nContent-Disposition: form-data; name="email"\r\n\r\na@b'), refused(400, 'broken_multipart')],
  'a multipart form with another boundary': [
    ...raw('--b\r\nContent-Disposition: form-data; name="email"\r\n\r\na@b.example\r\n--b--\r\n', 'c'),
    refused(400, 'broken_multipart'),
  ],
  'a multipart form without a boundary': [LEAD, { 'content-type': 'multipart/form-data' }, refused(400, 'broken_multipart')],
  'a multipart form of 300 fields': [multipart(...Object.entries(fields(300))), {}, refused(422, undefined, 'fields')],
  'a multipart form of 5,000 fields': [multipart(...Object.entries(fields(5_000))), {}, refused(413, 'body_too_large')],
  'a multipart form of 2 MB': [multipart(['email', address()], ['cv', new Blob([big(2 << 20)]), 'cv.pdf']), {}, refused(413, 'body_too_large')],
  'broken JSON': ['{', { 'content-type': 'application/json' }, refused(400, 'broken_json')],
  'JSON without an address': ['{"name":"Quentina"}', { 'content-type': 'application/json' }, refused(422, undefined, 'email')],
};

for (const [name, [body, headers, expected]] of Object.entries(FORM_BODIES)) {
  test(`POST /forms/contact with ${name}`, async () => {
    const answer = await world.form('contact', body, { headers: { accept: 'application/json', ...headers } });
    assert.ok(answer.status < 500, `${answer.status} ${answer.text}`);
    if (expected === ROUTED) {
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.body.outcome, 'received');
      routed += 1;
    } else {
      assertRefused(answer, expected.status, expected.code, expected.paths);
    }
    assert.doesNotMatch(answer.text, /quentina/i, 'an answer does not repeat what the person wrote');
  });
}

test('a refused form tells a browser in HTML what to mend, with the same status', async () => {
  const answer = await world.form('contact', new URLSearchParams({ name: '<b>Quentina</b>', email: 'no' }));
  assert.equal(answer.status, 422);
  assert.match(answer.headers.get('content-type'), /^text\/html/);
  assert.match(answer.text, /<strong>email<\/strong>/);
  assert.doesNotMatch(answer.text, /<b>/);
});
