/** What would be uploaded: the optimised Worker, with its bindings, small enough for every plan. Needs that build. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { unstable_readConfig as readConfig } from 'wrangler';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Cloudflare's limit for a Worker of the free plan, compressed; paid plans have 10 MiB. */
const UPLOAD_BYTES_MAX = 3 * 1024 * 1024;

for (const name of ['staging', 'production']) {
  test(`wrangler deploy --env ${name} uploads the optimised Worker with every binding`, (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'lead-router-upload-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const { status, stdout, stderr } = spawnSync('wrangler', ['deploy', '--env', name, '--dry-run', '--outdir', folder], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', PATH: `${ROOT}node_modules/.bin:${process.env.PATH}` },
    });
    assert.equal(status, 0, stdout + stderr);

    const files = readdirSync(folder).filter((file) => /\.(js|wasm)$/.test(file));
    const wasm = files.filter((file) => file.endsWith('.wasm'));
    assert.equal(wasm.length, 1);
    const content = readFileSync(join(folder, wasm[0]));
    assert.ok(content.equals(readFileSync(`${ROOT}build/release/index_bg.wasm`)), 'another Worker than build/release');
    const bytes = gzipSync(Buffer.concat(files.map((file) => readFileSync(join(folder, file))))).length;
    assert.ok(bytes < UPLOAD_BYTES_MAX, `${bytes} bytes compressed`);

    const { kv_namespaces: kv, d1_databases: databases, durable_objects: objects, queues, ratelimits } = readConfig(
      { config: `${ROOT}wrangler.toml`, env: name },
      { hideWarnings: true },
    );
    const bound = [...[...kv, ...databases, ...queues.producers].map(({ binding }) => binding), ...[...objects.bindings, ...ratelimits].map((one) => one.name)];
    for (const binding of bound) assert.match(stdout, new RegExp(`env\\.${binding}\\b`), binding);
  });
}
