// The provider bench: the built Worker against a farm that plays the providers (tests/fakes/providers/).
//
//   node bench/providers.mjs [--quick] [--only=speed,early_stop,match,down]
//
// --quick  fewer leads, under a minute
// --only   some of the parts
//
// Everything is seeded and happens on loopback. The report goes to stdout, every figure to target/bench/providers.json.
// Ends with 1 when asking less gave another decision.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './config.mjs';
import { down } from './providers/down.mjs';
import { earlyStop } from './providers/early_stop.mjs';
import { asksFor, five, shipped } from './providers/kit.mjs';
import { matchRate } from './providers/match_rate.mjs';
import { report } from './providers/report.mjs';
import { speed } from './providers/speed.mjs';

const SEED = 'lead-router';
const flags = process.argv.slice(2);
const quick = flags.includes('--quick');
const only = flags
  .find((flag) => flag.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const wants = (part) => !only || only.includes(part);
/** Leads of each part; `more` are those of the second early-stop run. */
const plan = quick
  ? { speed: 60, earlyStop: 150, more: 50, match: 100 }
  : { speed: 300, earlyStop: 2_000, more: 500, match: 300 };

async function bench() {
  const results = { quick, seed: SEED, at: new Date().toISOString() };
  // These two wait for answers and for pauses most of the time, so they share it.
  const waiting = [
    wants('speed') ? speed({ count: plan.speed, seed: SEED }) : null,
    wants('down') ? down({ seed: SEED }) : null,
  ];
  const waited = Promise.all(waiting);
  if (!quick) await waited;
  if (wants('match')) results.match = await matchRate({ count: plan.match, seed: SEED });
  const runs = wants('early_stop')
    ? [
        ['rubric as shipped', shipped(), plan.earlyStop],
        ['five providers', five(), plan.more],
        ['five providers, only what is missing', asksFor('missing', five()), plan.more],
      ]
    : [];
  results.earlyStops = [];
  for (const [name, rubric, count] of runs) {
    results.earlyStops.push(await earlyStop({ name, rubric, count, seed: SEED }));
  }
  [results.speed, results.outage] = await waited;
  return results;
}

if (!existsSync(join(root, 'build/release/index_bg.wasm'))) throw new Error('build the Worker first: make build');
const started = performance.now();
const results = await bench();
results.seconds = (performance.now() - started) / 1000;
const out = join(root, 'target/bench');
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'providers.json'), `${JSON.stringify(results, null, 2)}\n`);
process.stdout.write(report(results));
// Where only what is missing is asked for, two providers that differ may lead elsewhere: that is shown, and no fault.
if (results.earlyStops.some(({ isExact, same, leads }) => isExact && same < leads)) process.exitCode = 1;
