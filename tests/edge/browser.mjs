/** A real browser, found on this machine. `scripts/test.sh` installs Chromium where it can. */
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The browser's program, `CHROMIUM` if that is set; `undefined` where there is none. */
export function program() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? '').split(':');
  return folders.flatMap((folder) => NAMES.map((name) => `${folder}/${name}`)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts the browser without a window. Its own sandbox does not work for root. */
export function launch() {
  return chromium.launch({ executablePath: program(), args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
}

/** No violation of WCAG 2.2 AA, nor of the rules that axe calls best practice. */
export async function assertAccessible(page, what) {
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(found, [], what);
}
