// Speed: leads of new companies while five providers have a bad day, then the same leads again.

import { DOCUMENTED } from '../../tests/fakes/providers/weather.mjs';
import { World } from '../../tests/fakes/providers/world.mjs';
import { pause } from '../server.mjs';
import { DESCRIPTIONS } from '../../tests/fakes/providers/farm.mjs';
import { Setup, asksFor, costMicros, counted, five, percentiles, prefers, progress, say } from './kit.mjs';
import { plain } from './leads.mjs';

const AT_ONCE = 8;
/** Answers that are kept, or that the decision did not wait for: the next lead of the subject does not ask. */
const KEPT = /^(found|not_found|not_awaited)/;
/**
 * How long nobody may have been asked before all calls count as ended: longer than any provider is left between two
 * polls.
 */
const QUIET_MS = 2_500;
const QUIET_MS_MAX = 30_000;

export async function speed({ count, seed }) {
  const runs = [];
  for (const prefer of ['speed', 'balance', 'cost']) {
    runs.push(await one(`prefers ${prefer}`, { rubric: prefers(prefer, five()), count, seed }));
  }
  runs.push(await one('prefers speed, asks everybody', { rubric: prefers('speed', asksFor('all', five())), count, seed }));
  return { leads: count, atOnce: AT_ONCE, weather: DOCUMENTED, enrichment: five().enrichment, runs };
}

async function one(name, { rubric, count, seed }) {
  const world = new World({ seed, companies: count });
  const setup = await Setup.start('speed', { world, rubric, weather: DOCUMENTED, seed });
  try {
    say(`- speed, ${name}: ${count} leads of new companies, ${AT_ONCE} at a time`);
    const leads = world.people.map((person) => plain(person));
    const cold = await setup.sendAll(leads, AT_ONCE, progress('cold', count));
    // Calls go on when their lead cannot wait, and their answers are kept.
    await quiet(setup.farm);
    const calls = setup.farm.calls();
    await setup.server.drain();
    const repeated = await again(setup, leads);
    const isKept = ({ decision }) =>
      decision.enrichment.stopped !== 'deadline' && asked(decision).every(({ result }) => KEPT.test(result));
    const kept = world.people.filter((_, place) => isKept(cold[place]));
    const cached = await again(
      setup,
      kept.map((person) => plain(person, { message: 'We need a replacement for our current tool, and soon.' })),
    );
    return {
      name,
      cold: {
        ...percentiles(
          cold.map(({ ms }) => ms),
          50,
          90,
          99,
        ),
        calls,
        costMicros: costMicros(cold, DESCRIPTIONS) / count,
        seconds: counted(cold.flatMap(({ decision }) => asked(decision).map(({ second }) => second ?? 'none'))),
      },
      atDeadline: cold.filter(({ decision }) => isAtDeadline(decision, rubric.enrichment.deadline_ms)).length / count,
      complete: kept.length / count,
      stopped: counted(cold.map(({ decision }) => decision.enrichment.stopped)),
      results: counted(cold.flatMap(({ decision }) => asked(decision).map(({ result }) => result))),
      repeated,
      cached,
    };
  } finally {
    await setup.stop();
  }
}

/** The calls that were made for a lead; the directory is not one. */
const asked = ({ enrichment }) => (enrichment.calls ?? []).filter(({ provider }) => provider !== 'directory');

/** Whether the deadline, and not the last answer, ended the asking. */
function isAtDeadline(decision, deadlineMs) {
  const { stopped, ms } = decision.enrichment;
  return stopped === 'deadline' || (ms >= deadlineMs && asked(decision).some(({ result }) => result === 'late'));
}

/** Waits until nobody was asked anything for a while. */
async function quiet(farm) {
  const end = performance.now() + QUIET_MS_MAX;
  for (let before = -1; before !== farm.calls() && performance.now() < end; ) {
    before = farm.calls();
    await pause(QUIET_MS);
  }
}

async function again(setup, leads) {
  const before = setup.farm.calls();
  const answers = await setup.sendAll(leads, AT_ONCE);
  return {
    leads: leads.length,
    ...percentiles(
      answers.map(({ ms }) => ms),
      50,
      99,
    ),
    calls: setup.farm.calls() - before,
  };
}
