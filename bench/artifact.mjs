// What the build made: sizes, and the start-up time as wrangler measures it.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, wrangler } from './config.mjs';

export function size(files) {
  const bytes = Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path)]));
  const wasm = bytes['index_bg.wasm'];
  const all = Object.values(bytes);
  return {
    wasmKib: wasm.length / 1024,
    wasmGzipKib: gzipSync(wasm).length / 1024,
    allGzipKib: all.reduce((sum, part) => sum + gzipSync(part).length, 0) / 1024,
  };
}

/**
 * Active start-up time in milliseconds by `wrangler check startup`; null when it cannot be found out. Run on a copy
 * without the `[build]` command, which would compile.
 */
export function wranglerStartupMs(files) {
  const dir = mkdtempSync(join(tmpdir(), 'lead-router-startup-'));
  for (const [name, path] of Object.entries(files)) copyFileSync(path, join(dir, name));
  const config = { name: 'startup', main: 'index.js', compatibility_date: wrangler.compatibility_date };
  writeFileSync(join(dir, 'wrangler.json'), JSON.stringify(config));
  const command = join(root, 'node_modules/wrangler/bin/wrangler.js');
  const quiet = { CI: '1', WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' };
  const options = { cwd: dir, timeout: 30_000, env: { ...process.env, ...quiet } };
  return new Promise((resolve) => {
    execFile(process.execPath, [command, 'check', 'startup'], options, (_error, out, err) => {
      rmSync(dir, { recursive: true, force: true });
      const found = /Active: ([\d.]+) ms/.exec(`${out}${err}`);
      resolve(found ? Number(found[1]) : null);
    });
  });
}
