// Where the processor time of a lead goes: V8's sampling profiler on the built Worker under the bench's load.
//
//   node bench/profile.mjs [--seconds=6] [--floor]
//
// Samples cover the Worker's isolate: its JavaScript, its wasm by function name, and `(program)` for the runtime's
// own work (HTTP, SQLite, calls between Workers). Prints functions by own time, and time by what they belong to.

import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './config.mjs';
import { Server } from './server.mjs';
import { INTAKE_KEY, domains, load } from './world.mjs';

const flags = process.argv.slice(2);
const seconds = Number(flags.find((flag) => flag.startsWith('--seconds='))?.slice('--seconds='.length) ?? 6);
const floor = flags.includes('--floor');
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const FILES = floor
  ? { 'index.js': here('floor.js') }
  : { 'index.js': join(root, 'build/release/index.js'), 'index_bg.wasm': join(root, 'build/release/index_bg.wasm') };
const SHOWN = 45;

/** The inspector of one isolate, as far as a profile needs it. */
class Inspector {
  static open(port) {
    return new Promise((resolve, reject) => {
      const inspector = new Inspector();
      inspector.waiting = new Map();
      inspector.next = 1;
      inspector.socket = new WebSocket(`ws://127.0.0.1:${port}/worker`);
      inspector.socket.onopen = () => resolve(inspector);
      inspector.socket.onerror = () => reject(new Error('the inspector does not answer'));
      inspector.socket.onmessage = ({ data }) => {
        const { id, result, error } = JSON.parse(data);
        const waiting = inspector.waiting.get(id);
        inspector.waiting.delete(id);
        if (error) waiting?.reject(new Error(error.message));
        else waiting?.resolve(result);
      };
    });
  }

  send(method, params = {}) {
    const id = this.next++;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }
}

const GROUPS = [
  ['nothing to do', /^\(idle\)/],
  ['runtime: HTTP, SQLite, calls', /^\(program\)/],
  ['garbage collection', /^\(garbage collector\)/],
  ['wasm: JSON (serde)', /serde|ryu|itoa/],
  ['wasm: hashes', /sha2|hmac|digest|compress256/],
  ['wasm: memory', /dlmalloc|malloc|__rust_|memcpy|memmove|memset|memcmp|alloc::/],
  ['wasm: glue (worker, wasm-bindgen, futures)', /wasm_bindgen|js_sys|web_sys|worker::|futures|core::future/],
  ['wasm: calendars', /jiff/],
];

function group(node) {
  const name = node.callFrame.functionName;
  const wasm = node.callFrame.url.startsWith('wasm');
  const found = GROUPS.find(([title, mark]) => mark.test(name) && (wasm || !title.startsWith('wasm')));
  if (found) return found[0];
  return wasm ? 'wasm: the project and the rest' : 'JavaScript';
}

function add(map, key, ms) {
  map.set(key, (map.get(key) ?? 0) + ms);
}

function print(profile, leads) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const [own, groups] = [new Map(), new Map()];
  for (const [place, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    const us = profile.timeDeltas[place];
    const { functionName, url, lineNumber } = node.callFrame;
    const where = url.startsWith('wasm') || functionName.startsWith('(') ? '' : `  ${url}:${lineNumber + 1}`;
    add(own, `${functionName || '(anonymous)'}${where}`, us);
    add(groups, group(node), us);
  }
  const show = (title, map, most) => {
    console.log(`\n${title}, µs per lead`);
    const lines = [...map].sort(([, a], [, b]) => b - a).slice(0, most);
    for (const [name, us] of lines) console.log(`${(us / leads).toFixed(1).padStart(8)}  ${name.slice(0, 150)}`);
  };
  show('By group', groups, 20);
  show('By function', own, SHOWN);
}

const dir = mkdtempSync(join(tmpdir(), 'lead-router-profile-'));
const generator = fork(here('generator.mjs'));
const server = await Server.start({ name: 'profile', dir, files: FILES, inspector: true });
try {
  const companies = domains();
  let from = 0;
  const send = (options) =>
    new Promise((resolve) => {
      generator.once('message', (figures) => {
        from = figures.next;
        resolve(figures);
      });
      generator.send({ kind: 'closed', port: server.ports.http, token: INTAKE_KEY, path: '/v1/leads', connections: 32,
        domains: companies, run: 'a', from, ...options });
    });
  if (!floor) await load(server);
  await send({ count: companies.length, seconds: 30 });
  await send({ seconds: 2 });
  await server.drain();
  await server.hold();
  const inspector = await Inspector.open(server.ports.inspector);
  await inspector.send('Profiler.enable');
  await inspector.send('Profiler.setSamplingInterval', { interval: 200 });
  await inspector.send('Profiler.start');
  const before = server.cpuMs();
  const figures = await send({ seconds });
  const cpuMs = server.cpuMs() - before;
  const { profile } = await inspector.send('Profiler.stop');
  const { usedSize } = await inspector.send('Runtime.getHeapUsage');
  inspector.socket.close();
  const each = ((cpuMs / figures.count) * 1000).toFixed(0);
  const heapMb = (usedSize / 2 ** 20).toFixed(1);
  console.log(`${figures.count} leads, ${figures.perSecond.toFixed(0)}/s, ${each} µs CPU each, JS heap ${heapMb} MB`);
  if (figures.errors > 0) {
    console.log(`${figures.errors} requests failed: ${JSON.stringify(figures.outcomes)}`);
    console.log(readFileSync(server.log, 'utf8').slice(0, 2000));
  }
  print(profile, figures.count);
  mkdirSync(join(root, 'target/bench'), { recursive: true });
  writeFileSync(join(root, 'target/bench/load.cpuprofile'), JSON.stringify(profile));
} finally {
  generator.disconnect();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
