/**
 * The vendors of tests/fakes, served by `tests/fakes/serve.rs` in a process of their own: what native tests meet in virtual
 * time, the built Worker meets over HTTP.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Response } from 'miniflare';
import { ROOT } from './kit.mjs';

const BINARY = `${process.env.CARGO_TARGET_DIR ?? `${ROOT}target`}/debug/examples/fakes`;
const BUILD = 'cargo build -p lead-router-app --example fakes';

const HOP = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);

export class Played {
  static async start(settings = () => ({})) {
    assert.ok(existsSync(BINARY), `the played vendors are not built: run \`${BUILD}\``);
    const server = spawn(BINARY, ['0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [base] = await new Promise((resolve, reject) => {
      createInterface(server.stdout).once('line', (line) => resolve([line]));
      server.once('exit', (code) => reject(new Error(`the played vendors ended with ${code}`)));
    });
    return new Played(server, base, settings(base));
  }

  constructor(server, base, settings) {
    Object.assign(this, { server, base, settings });
    /** Answers instead of the vendor's, in order: a status, or a function of the request. */
    this.faults = [];
    this.requests = [];
    /** Hears every request: method, address, headers and body. */
    this.listen = () => {};
  }

  release() {
    this.server.kill();
  }

  async answer(request) {
    const { pathname } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    const fault = this.faults.shift();
    if (typeof fault === 'number') return new Response('<html>bad gateway</html>', { status: fault });
    const body = ['GET', 'HEAD'].includes(request.method) ? undefined : await request.text();
    this.listen({ method: request.method, url: request.url, headers: Object.fromEntries(request.headers), body });
    if (fault) await fault(this);
    // How the body travels is between two ends, and these are others.
    const headers = [...request.headers].filter(([name]) => !HOP.has(name));
    const answer = await fetch(request.url, { method: request.method, headers, body, redirect: 'manual' });
    return new Response(await answer.text(), { status: answer.status, headers: Object.fromEntries(answer.headers) });
  }

  /** What a vendor holds. */
  async state(vendor) {
    return (await fetch(`${this.base}/-/${vendor}`)).json();
  }

  /** Changes what a vendor holds. */
  async change(vendor, change) {
    const answer = await fetch(`${this.base}/-/${vendor}`, { method: 'POST', body: JSON.stringify(change) });
    assert.equal(answer.status, 200);
    return answer.json();
  }
}
