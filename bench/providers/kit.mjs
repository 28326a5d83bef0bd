// What the parts of the provider bench share: a Worker that asks the farm, a lead sent to it, and figures about many.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Farm } from '../../tests/fakes/providers/farm.mjs';
import { root } from '../config.mjs';
import { Server, call } from '../server.mjs';
import { INTAKE_KEY, load, publish } from '../world.mjs';

const FILES = { 'index.js': join(root, 'build/release/index.js'), 'index_bg.wasm': join(root, 'build/release/index_bg.wasm') };

export const say = (text) => process.stderr.write(`${text}\n`);
export const shipped = () => JSON.parse(readFileSync(join(root, 'rubric.json'), 'utf8'));

/**
 * The shipped rubric with five providers in one stage: two of companies, one of people, one of both and a verifier. One more
 * criterion reads what the verifier says; without it nobody would be asked about an address.
 */
export function five() {
  const rubric = shipped();
  const stages = [
    ['directory'],
    ['pdl_company', 'apollo_company', 'pdl_person', 'clearbit_combined', 'zerobounce'],
  ];
  const undeliverable = {
    id: 'undeliverable',
    group: 'negative',
    when: { fact: 'person.email_status', equals: 'invalid' },
    points: -20,
    base_rate: 0.06,
    reason: 'mail does not reach the address',
  };
  return { ...rubric, criteria: [...rubric.criteria, undeliverable], enrichment: { ...rubric.enrichment, stages } };
}

/** The same rubric, where `speed`, `balance` or `cost` counts more. */
export const prefers = (prefer, rubric) => ({ ...rubric, enrichment: { ...rubric.enrichment, prefer } });

/** The same rubric, asking for `all`, `missing` or `needed`. */
export const asksFor = (ask, rubric) => ({ ...rubric, enrichment: { ...rubric.enrichment, ask } });

/** Ids of the HTTP providers of a rubric, in the order of its stages. */
export const providersOf = (rubric) => rubric.enrichment.stages.flat().filter((id) => id !== 'directory');

/** Those that run. However the bench ends, no process and no folder of theirs stays behind. */
const running = new Set();
process.once('exit', () => {
  for (const { server, dir } of running) {
    server?.process.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

/** A farm and a Worker that asks it, with a fresh state and a rubric in force. */
export class Setup {
  static async start(name, { world, rubric, weather, seed }) {
    const setup = new Setup();
    setup.dir = mkdtempSync(join(tmpdir(), 'lead-router-providers-'));
    running.add(setup);
    setup.farm = await Farm.start({ world, weather, seed });
    try {
      const vars = setup.farm.settings(providersOf(rubric));
      setup.server = await Server.start({ name, files: FILES, dir: setup.dir, vars, providers: setup.farm.port });
      await load(setup.server);
      await publish(setup.server, rubric);
    } catch (error) {
      await setup.stop();
      throw error;
    }
    return setup;
  }

  /** Sends a lead; its decision, and how long the answer took. */
  async send(lead) {
    const started = performance.now();
    const headers = { authorization: `Bearer ${INTAKE_KEY}`, 'content-type': 'application/json' };
    const answer = await call(this.server.ports.http, 'POST', '/v1/leads', JSON.stringify(lead), headers);
    if (answer.status !== 200) throw new Error(`a lead got ${answer.status}: ${answer.text}`);
    return { ms: performance.now() - started, decision: JSON.parse(answer.text) };
  }

  /** Sends leads, so many at a time; the answers in the order of the leads. `after` is called with each. */
  async sendAll(leads, atOnce, after = () => {}) {
    const answers = [];
    let next = 0;
    const worker = async () => {
      while (next < leads.length) {
        const place = next;
        next += 1;
        answers[place] = await this.send(leads[place]);
        after(answers[place], place);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return answers;
  }

  /** What was known about each lead when it was decided, by lead id: facts with the provider that said them. */
  async facts() {
    await this.server.drain(60_000);
    const sql = "SELECT lead_id, record ->> '$.facts.known' FROM decisions ORDER BY at_ms";
    const [{ results, error }] = await this.server.ask('d1', '/query', JSON.stringify({ sql }));
    if (!results) throw new Error(`the ledger cannot be read: ${error}`);
    return new Map(results.rows.map(([id, facts]) => [id, JSON.parse(facts)]));
  }

  async stop() {
    await this.server?.stop();
    await this.farm.close();
    rmSync(this.dir, { recursive: true, force: true });
    running.delete(this);
  }
}

/** Nearest rank; `null` for no values. */
export function percentile(values, percent) {
  const sorted = Float64Array.from(values).sort();
  return sorted.length > 0 ? sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] : null;
}

export const percentiles = (values, ...percents) =>
  Object.fromEntries(percents.map((p) => [`p${p}`, percentile(values, p)]));
export const sum = (values) => values.reduce((total, value) => total + value, 0);

/** How often each text occurs, the most frequent first. */
export function counted(texts) {
  const counts = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, one], [, other]) => other - one));
}

/**
 * Money that the decisions of some answers cost at most, in millionths of a dollar: a record that was found, to whom asked
 * first; twice when it was asked for twice because the first answer took long.
 */
export function costMicros(answers, descriptions) {
  const calls = answers.flatMap(({ decision }) => decision.enrichment.calls ?? []);
  return sum(
    calls
      .filter(({ result }) => result === 'found')
      .map(({ provider, second }) => (descriptions[provider]?.cost_usd_micros ?? 0) * (second === 'slow' ? 2 : 1)),
  );
}

/** Says on stderr how far a long step is, ten times. */
export function progress(what, total) {
  let done = 0;
  return () => {
    done += 1;
    if (done % Math.ceil(total / 10) === 0) say(`  ${what}: ${done}/${total}`);
  };
}
