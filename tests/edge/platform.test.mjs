/** The effects of platform.js that a provider can spoil: time, size, an answer that nobody waits for. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { Sending } from '../../src/bindings/platform.js';

let server;
let url;
let requests;
let answer;
before(async () => {
  server = createServer((request, response) => {
    requests += 1;
    answer(response, requests);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = 0;
  answer = (response) => response.end('ok');
});

const start = ({ timeoutMs = 5_000, bytesMax = 1_000 } = {}) =>
  new Sending(url, 'GET', '{"accept":"application/json"}', undefined, timeoutMs, bytesMax);
const ask = (limits) => start(limits).answer();
const never = () => {};

test('an answer is its status, when to come again, and its body', async () => {
  assert.equal(await ask(), '200 -\nok');
  answer = (response) => response.writeHead(429, { 'retry-after': '7' }).end('slow down\nplease');
  assert.equal(await ask(), '429 7\nslow down\nplease');
  answer = (response) => response.writeHead(503, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }).end();
  assert.equal(await ask(), '503 -\n');
});

test('a redirect is not followed', async () => {
  answer = (response) => response.writeHead(302, { location: '/elsewhere' }).end();
  assert.match(await ask(), /^302 /);
  assert.equal(requests, 1);
});

test('a body may have the limit, and not a byte more', async () => {
  answer = (response) => response.end('x'.repeat(1_000));
  assert.equal((await ask()).length, '200 -\n'.length + 1_000);
  answer = (response) => response.end('x'.repeat(1_001));
  await assert.rejects(ask(), { message: 'too_large' });
});

test('characters that are cut by a chunk stay whole', async () => {
  answer = (response) => {
    const bytes = Buffer.from('Zürich');
    response.write(bytes.subarray(0, 2));
    setTimeout(() => response.end(bytes.subarray(2)), 20);
  };
  assert.equal(await ask(), '200 -\nZürich');
});

test('the limit on time covers the answer and its body', async () => {
  answer = never;
  await assert.rejects(ask({ timeoutMs: 50 }), { message: 'timeout' });
  answer = (response) => response.write('a beginning');
  await assert.rejects(ask({ timeoutMs: 50 }), { message: 'timeout' });
});

test('a request that ends is taken back from the provider, and nobody has to hear of it', async () => {
  const taken = new Promise((resolve) => {
    answer = (response) => response.on('close', resolve);
  });
  const sending = start();
  while (requests === 0) await new Promise((resolve) => setImmediate(resolve));
  sending.end();
  await taken;
  await assert.rejects(sending.answer());
});

test('a request that is answered can end', async () => {
  const sending = start();
  assert.equal(await sending.answer(), '200 -\nok');
  sending.end();
  assert.equal(await sending.answer(), '200 -\nok');
});

test('a connection that breaks is no time that is over', async () => {
  answer = (response) => response.destroy();
  await assert.rejects(ask(), ({ message }) => message !== 'timeout');
});
