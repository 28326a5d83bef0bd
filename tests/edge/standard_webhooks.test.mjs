// What the outgoing webhook sends, before the library of Standard Webhooks: it needs no Worker, the requests are those of
// tests/golden/notify/webhook.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mock, test } from 'node:test';
import { Webhook } from 'standardwebhooks';

const SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=';
const folder = new URL('../golden/notify/webhook/', import.meta.url);

for (const name of readdirSync(folder)) {
  test(`the library verifies ${name}`, () => {
    const [{ headers, body }] = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    const text = JSON.stringify(body);
    mock.timers.enable({ apis: ['Date'], now: Number(headers['webhook-timestamp']) * 1000 });
    try {
      assert.deepEqual(new Webhook(SECRET).verify(text, headers), body);
      assert.throws(() => new Webhook(SECRET).verify(`${text} `, headers));
    } finally {
      mock.timers.reset();
    }
  });
}
