// The load bench: the built Worker and a floor Worker on raw workerd, state on disk, in alternating runs.
//
//   node bench/load.mjs [--quick] [--state=DIR] [--floor-only]
//
// --quick       a glance in under 20 seconds; percentiles at a fixed rate need the long form
// --state=DIR   where the state lies (default: a folder in the system's temporary one)
// --floor-only  without the Worker, to see what the machine and the platform can do
//
// Everything happens on loopback, ends by itself, and is removed afterwards. The report goes to stdout, every
// figure to target/bench/load.json.

import { fork } from 'node:child_process';
import {
  closeSync, existsSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync,
} from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './config.mjs';
import { report } from './report.mjs';
import { Server, call } from './server.mjs';
import { size, wranglerStartupMs } from './artifact.mjs';
import { INTAKE_KEY, domains, load } from './world.mjs';

const flags = process.argv.slice(2);
const quick = flags.includes('--quick');
const floorOnly = flags.includes('--floor-only');
const stateRoot = flags.find((flag) => flag.startsWith('--state='))?.slice('--state='.length) ?? tmpdir();

const CONNECTIONS = 32;
const RATE = 100;
const plan = quick
  ? { firstS: 2, warmS: 0.6, closedS: 1.5, rounds: 1, openS: [2.5], floorOpenS: [1], pathS: 0.7, starts: 1 }
  : { firstS: 10, warmS: 2, closedS: 4, rounds: 2, openS: [17, 17], floorOpenS: [5, 4], pathS: 2.5, starts: 5 };
/** Leads whose rows are counted. */
const COUNTED = quick ? 50 : 200;
/** When the bench gives up, in seconds: on a machine with nothing else to do it takes a third of that. */
const LIMIT_S = quick ? 60 : 300;

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const dir = mkdtempSync(join(stateRoot, 'lead-router-bench-'));
const generator = fork(here('generator.mjs'));
const running = new Set();
/** Companies of the cache-hit path: those that the warm-up reached. */
let companies = domains();
let runs = 0;

const OURS = { 'index.js': join(root, 'build/release/index.js'), 'index_bg.wasm': join(root, 'build/release/index_bg.wasm') };
const FLOOR = { 'index.js': here('floor.js') };
const PROVIDERS = { PDL_API_KEY: 'bench', PDL_BASE_URL: 'http://providers.example' };

const say = (text) => process.stderr.write(`${text}\n`);

async function start(name, files, options = {}) {
  const server = await Server.start({ name, files, dir: join(dir, `${running.size}-${runs++}`), ...options });
  running.add(server);
  server.sent = 0;
  return server;
}

async function stop(server) {
  running.delete(server);
  await server.stop();
}

/** Gives the generator an order and waits for its figures. */
function order(server, kind, options) {
  return new Promise((resolve, reject) => {
    const ended = (code) => reject(new Error(`the generator ended with ${code}`));
    generator.once('exit', ended);
    generator.once('message', (figures) => {
      generator.off('exit', ended);
      resolve(figures);
    });
    const from = options.from ?? server.sent;
    generator.send({ kind, port: server.ports.http, token: INTAKE_KEY, path: '/v1/leads', connections: CONNECTIONS,
      domains: companies, run: 'a', series: `${server.name} ${options.label ?? kind}`, ...options, from });
  }).then((figures) => {
    server.sent = Math.max(server.sent, figures.next);
    return figures;
  });
}

/** A closed loop while the queue is held, then the delivery: what each of the two cost. */
async function measured(server, options) {
  await server.hold();
  const before = server.cpuMs();
  const figures = await order(server, 'closed', options);
  const answered = server.cpuMs();
  const deliveryStarted = performance.now();
  await server.drain();
  const delivered = server.cpuMs();
  return {
    ...figures,
    cpuMs: (answered - before) / figures.count,
    deliveryCpuMs: (delivered - answered) / figures.count,
    deliverySeconds: (performance.now() - deliveryStarted) / 1000,
    generatorCpuMs: figures.generatorCpuMs / figures.count,
  };
}

/** How long this machine takes to make 4 KB durable: most of a lead's latency is made of it. */
function diskMs() {
  const file = openSync(join(dir, 'sync'), 'w');
  const times = Array.from({ length: quick ? 40 : 200 }, () => {
    writeSync(file, Buffer.alloc(4096, 'x'));
    const started = performance.now();
    fdatasyncSync(file);
    return performance.now() - started;
  }).sort((a, b) => a - b);
  closeSync(file);
  return { p50: times[Math.floor(times.length * 0.5)], p99: times[Math.floor(times.length * 0.99)] };
}

async function startTimes(name, files) {
  const times = [];
  for (let i = 0; i < plan.starts; i += 1) {
    const server = await start(name, files);
    times.push(server.startMs);
    await stop(server);
  }
  times.sort((a, b) => a - b);
  return { median: times[Math.floor(times.length / 2)], times };
}

/** Sends one lead to each company, so that the cache knows it, and lets the code get warm. */
async function warm(server, cached) {
  if (cached) {
    const { count } = await order(server, 'closed', { count: companies.length, label: 'first', seconds: plan.firstS });
    companies = companies.slice(0, count);
  }
  await order(server, 'closed', { seconds: plan.warmS, label: 'warm' });
  await server.drain();
}

/** Rows per lead, counted inside the objects and in the stand-in of D1, over leads of the cache-hit path. */
async function countRows(name, files, prepare) {
  const { 'index.js': index, ...rest } = files;
  const server = await start(name, { 'counting.js': here('counting.js'), 'index.js': index, ...rest });
  await prepare(server);
  const rows = async () => {
    await server.drain();
    const own = JSON.parse((await call(server.ports.http, 'GET', '/__rows')).text);
    const d1 = await server.ask('d1', '/__stats');
    return { ...own.rows, alarm: own.alarms.account shard + own.alarms.RepPool, D1: d1.rowsWritten };
  };
  // At the rate of the open loop, not in one burst: alarms and flushes are shared by what comes together.
  companies = companies.slice(0, COUNTED);
  await order(server, 'closed', { count: companies.length, label: 'first' });
  const before = await rows();
  const { count } = await order(server, 'open', { rate: RATE, seconds: COUNTED / RATE, label: 'rows' });
  const after = await rows();
  await stop(server);
  const perLead = Object.fromEntries(Object.keys(after).map((key) => [key, (after[key] - before[key]) / count]));
  return { ...perLead, total: Object.values(perLead).reduce((sum, share) => sum + share, 0), leads: count };
}

async function closedRounds(servers, results) {
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const server of servers) {
      say(`- closed loop ${round + 1}/${plan.rounds}: ${server.name}`);
      (results[server.name].closed ??= []).push(await measured(server, { seconds: plan.closedS, label: 'closed' }));
    }
  }
}

async function openRounds(ours, floor, results) {
  for (const [round, seconds] of plan.openS.entries()) {
    for (const [server, length] of [[ours, seconds], [floor, plan.floorOpenS[round]]]) {
      if (!server) continue;
      say(`- open loop at ${RATE}/s for ${length} s: ${server.name}`);
      const figures = await order(server, 'open', { rate: RATE, seconds: length });
      await server.drain();
      results[server.name].open = figures.pooled;
    }
  }
}

/** The paths beside the cache hit: the same leads again, companies that nobody knows, and providers to be asked. */
async function otherPaths(ours, results) {
  say('- replays, and companies that are not in the cache');
  const replays = Math.min(ours.sent, 400);
  results.replay = await measured(ours, { from: 0, count: replays, seconds: plan.pathS, label: 'replay' });
  results.miss = await measured(ours, { seconds: plan.pathS, domains: [], run: 'b', label: 'miss' });
  say('- three providers to be asked');
  const asking = await start('providers', OURS, { vars: PROVIDERS, providers: true });
  await load(asking);
  await order(asking, 'closed', { seconds: plan.warmS, domains: [], run: 'c', label: 'warm' });
  await asking.drain();
  results.providers = await measured(asking, { seconds: plan.pathS, domains: [], run: 'd', label: 'providers' });
  await stop(asking);
}

async function bench() {
  if (!floorOnly && !existsSync(OURS['index_bg.wasm'])) throw new Error('build the Worker first: make build');
  const results = { quick, at: new Date().toISOString(), connections: CONNECTIONS, rate: RATE, disk: diskMs(),
    busy: { load: loadavg()[0], cores: availableParallelism() } };
  const names = { ours: 'lead-router', floor: 'floor', grouped: 'floor, group commit' };
  for (const name of Object.values(names)) results[name] = {};

  say('- start-up and warm-up');
  results[names.floor].start = await startTimes(names.floor, FLOOR);
  const floor = await start(names.floor, FLOOR);
  const grouped = quick ? null : await start(names.grouped, FLOOR, { vars: { GROUP: '1' } });
  let ours = null;
  if (!floorOnly) {
    results.artifact = size(OURS);
    if (!quick) results.artifact.wranglerStartupMs = await wranglerStartupMs(OURS);
    results[names.ours].start = await startTimes(names.ours, OURS);
    ours = await start(names.ours, OURS);
    await load(ours);
    await warm(ours, true);
  }
  await warm(floor);
  if (grouped) await warm(grouped);

  const servers = [ours, floor, grouped].filter(Boolean);
  for (const server of servers) results[server.name].rss = [{ leads: server.sent, mb: server.rssMb() }];
  await closedRounds(servers, results);
  await openRounds(ours, floor, results);
  for (const server of servers) results[server.name].rss.push({ leads: server.sent, mb: server.rssMb() });
  if (ours) await otherPaths(ours, results);
  for (const server of servers) await stop(server);

  say('- rows written');
  results[names.floor].rows = await countRows('floor rows', FLOOR, () => {});
  if (!floorOnly) results[names.ours].rows = await countRows('rows', OURS, load);
  return results;
}

async function close() {
  if (generator.connected) generator.disconnect();
  await Promise.all([...running].map(stop));
  rmSync(dir, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => close().then(() => process.exit(130)));
const started = performance.now();
// Every phase has an end of its own; this one is for a machine on which even that takes too long.
const limit = setTimeout(() => {
  say(`given up after ${LIMIT_S} s: the machine is too busy to measure anything`);
  close().then(() => process.exit(1));
}, LIMIT_S * 1000);
try {
  const results = await bench();
  results.seconds = (performance.now() - started) / 1000;
  const out = join(root, 'target/bench');
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'load.json'), `${JSON.stringify(results, null, 2)}\n`);
  process.stdout.write(report(results));
} finally {
  clearTimeout(limit);
  await close();
}
