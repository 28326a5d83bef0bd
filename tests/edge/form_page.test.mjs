/** A person in front of the sample page, in a real browser: with the script, without it, and with the keyboard alone. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { assertAccessible, launch, program } from './browser.mjs';
import { ROOT, readJson, start } from './kit.mjs';

const SHOTS = `${ROOT}target/screenshots`;

describe('a page with a form', { skip: program() ? false : 'there is no browser: install chromium' }, () => {
  let world;
  let browser;
  before(async () => {
    world = await start();
    await world.fetch('/healthz');
    await world.smallWorld(1, { name: 'Rosa Lindqvist', booking_url: booking() });
    await world.ask('PUT', '/v1/forms/demo', readJson('sample/forms/demo.json'));
    browser = await launch();
    mkdirSync(SHOTS, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  /** A booking page on another origin, as they are. */
  const booking = () => `${world.url.replace('127.0.0.1', 'localhost')}/forms/booked/thanks`;

  let number = 0;
  const address = () => {
    const email = `page-${(number += 1)}@fjordwerk.example`;
    world.remember({ email });
    return email;
  };
  const leads = async () => (await world.ledger()).length;

  /** The page in a browser of its own; an error in it fails the test. */
  async function open(options = {}, query = '') {
    const context = await browser.newContext({ viewport: { width: 800, height: 900 }, ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => assert.fail(`the page threw ${error}`));
    await page.goto(`${world.url}/demo${query}`);
    return page;
  }
  const shot = (page, name) => page.screenshot({ path: `${SHOTS}/${name}.png` });

  test('without the script the form posts by itself and goes to the booking page', async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.getByLabel('Your name').fill('Ada Byron');
    await page.getByLabel('Work e-mail').fill(address());
    await page.getByLabel('Company').fill('Fjordwerk');
    await page.getByRole('button').click();
    await page.waitForURL('**/forms/booked/thanks');
    await shot(page, 'plain-thanks');
    assert.equal(page.url(), booking());
    await page.context().close();
  });

  test('the pages of the router itself are accessible', async () => {
    // Their policy lets no script in, axe among them.
    const page = await open({ bypassCSP: true });
    for (const path of ['/forms/demo', '/forms/demo/thanks']) {
      await page.goto(world.url + path);
      await assertAccessible(page, path);
    }
    await page.context().close();
  });

  test('without the script a wrong form gets a page that says what to mend', async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.getByLabel('Work e-mail').fill('nobody');
    await page.getByRole('button').click();
    await page.getByRole('heading', { name: 'Please check your entries' }).waitFor();
    const items = await page.getByRole('listitem').allTextContents();
    assert.deepEqual(items.map((text) => text.split(':')[0]).sort(), ['Firma', 'Work Email']);
    await shot(page, 'plain-errors');
    await page.context().close();
  });

  test('the built-in form of the router goes to the booking page too', async () => {
    const page = await open();
    await page.goto(`${world.url}/forms/demo`);
    await page.getByLabel('Work e-mail').fill(address());
    await page.getByLabel('Company').fill('Fjordwerk');
    await page.getByRole('button').click();
    await page.waitForURL(booking());
    await page.context().close();
  });

  test('with the script the booking link comes without leaving the page, and has the focus', async () => {
    const page = await open({}, '?utm_source=newsletter');
    await assertAccessible(page, 'the form');
    await page.getByLabel('Work e-mail').fill(address());
    await page.getByLabel('Company').fill('Fjordwerk');
    await page.getByLabel('What do you need?').fill('A table for two');
    await shot(page, 'filled');
    const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
    await page.getByRole('button').click();
    const { lead_id: id } = await (await answered).json();
    const link = page.getByRole('link', { name: 'Choose a time with Rosa Lindqvist' });
    await link.waitFor();
    assert.equal(await link.getAttribute('href'), booking());
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Thank you/);
    assert.equal(new URL(page.url()).pathname, '/demo');
    await shot(page, 'done');
    await assertAccessible(page, 'the answer');
    const { lead } = await world.ask('GET', `/v1/leads/${id}`);
    assert.equal(lead.utm.source, 'newsletter');
    assert.equal(lead.message, 'A table for two', 'q7 of sample/forms/demo.json');
    assert.equal(lead.source, 'website');
    await page.context().close();
  });

  test('errors stand beside their fields, are read out with them, and go when they are mended', async () => {
    const page = await open();
    await page.getByLabel('Work e-mail').fill('nobody');
    await page.getByRole('button').click();
    const email = page.getByLabel('Work e-mail');
    await page.locator('.lr-error').first().waitFor();
    assert.equal(await page.locator('.lr-error').count(), 2);
    for (const field of [email, page.getByLabel('Company')]) {
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      const ids = (await field.getAttribute('aria-describedby')).trim();
      const note = page.locator(`[id="${ids}"]`);
      assert.ok((await note.textContent()).length > 10);
    }
    assert.ok(await page.evaluate(() => document.activeElement.matches('[aria-invalid=true]')), 'the first wrong field');
    await shot(page, 'errors');
    await assertAccessible(page, 'the form with errors');
    await email.fill(address());
    await page.getByLabel('Company').fill('Fjordwerk');
    await page.getByRole('button').click();
    await page.getByRole('link').waitFor();
    await page.context().close();
  });

  test('a double click, and an answer that is lost, are one lead', async () => {
    const page = await open();
    const keys = [];
    let lost = 0;
    await page.route('**/forms/demo', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      // The router has the lead, the browser does not hear of it.
      if ((lost += 1) === 1) {
        await route.fetch();
        return route.abort();
      }
      return route.continue();
    });
    const before = await leads();
    await page.getByLabel('Work e-mail').fill(address());
    await page.getByLabel('Company').fill('Fjordwerk');
    await page.getByRole('button').dblclick();
    await page.getByRole('link').waitFor();
    assert.deepEqual(keys, [keys[0], keys[0]]);
    await world.untilDrained(before + 1);
    assert.equal(await leads(), before + 1);
    await page.context().close();
  });

  test('progress is told, and a failure leaves everything as it was typed', async () => {
    const page = await open();
    let go;
    const held = new Promise((resolve) => { go = resolve; });
    await page.route('**/forms/demo', async (route) => {
      await held;
      return route.fulfill({ status: 503, contentType: 'application/json', body: '{"error":{"code":"unavailable"}}' });
    });
    await page.getByLabel('Work e-mail').fill(address());
    await page.getByLabel('Company').fill('Fjordwerk');
    await page.getByRole('button').click();
    const status = page.getByRole('status');
    await page.getByText('Sending…').waitFor();
    assert.equal(await page.getByRole('button').isDisabled(), true);
    await shot(page, 'sending');
    go();
    await page.getByText('That did not work').waitFor();
    assert.equal(await status.count(), 1);
    assert.equal(await page.getByLabel('Company').inputValue(), 'Fjordwerk');
    assert.equal(await page.getByRole('button').isDisabled(), false);
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BUTTON');
    await shot(page, 'failed');
    await page.context().close();
  });

  test('with the keyboard alone', async () => {
    const page = await open();
    const keys = page.keyboard;
    await keys.press('Tab');
    await keys.type('Ada Byron');
    await keys.press('Tab');
    await keys.type(address());
    await keys.press('Tab');
    await keys.type('Fjordwerk');
    await keys.press('Tab');
    await keys.press('ArrowDown');
    await keys.press('Tab');
    await keys.type('Hello');
    await keys.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'BUTTON', 'the trap is not on the way');
    await keys.press('Enter');
    await page.getByRole('link').waitFor();
    await keys.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'A', 'the link is next');
    await page.context().close();
  });
});
