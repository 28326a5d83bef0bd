// Speed: leads of new companies while five providers have a bad day, then the same leads again.

import { DOCUMENTED } from '../../tests/farm/weather.mjs';
import { World } from '../../tests/farm/world.mjs';
import { Setup, counted, five, percentiles, progress, say } from './kit.mjs';
import { plain } from './leads.mjs';

const AT_ONCE = 20;
/** Answers that are kept, so that the next lead of the subject does not ask. */
const KEPT = /^(found|not_found)/;

export async function speed({ count, seed }) {
  const rubric = five();
  const world = new World({ seed, companies: count });
  const setup = await Setup.start('speed', { world, rubric, weather: DOCUMENTED, seed });
  try {
    say(`- speed: ${count} leads of new companies, ${AT_ONCE} at a time`);
    const leads = world.people.map((person) => plain(person));
    const cold = await setup.sendAll(leads, AT_ONCE, progress('cold', count));
    const calls = setup.farm.calls();
    // What the answers left to do, such as writing the cache, is done.
    await setup.server.drain();
    const repeated = await again(setup, leads);
    const isKept = ({ decision: { enrichment } }) =>
      enrichment.stopped !== 'deadline' && enrichment.calls.every(({ provider, result }) => provider === 'directory' || KEPT.test(result));
    const kept = world.people.filter((_, place) => isKept(cold[place]));
    const cached = await again(setup, kept.map((person) => plain(person, { message: 'One more question, please.' })));
    return {
      rubric: rubric.enrichment,
      leads: count,
      atOnce: AT_ONCE,
      weather: DOCUMENTED,
      deadlineMs: rubric.enrichment.deadline_ms,
      cold: { ...percentiles(cold.map(({ ms }) => ms), 50, 90, 99), calls },
      atDeadline: cold.filter(({ decision }) => isAtDeadline(decision, rubric.enrichment.deadline_ms)).length / count,
      complete: kept.length / count,
      stopped: counted(cold.map(({ decision }) => decision.enrichment.stopped)),
      results: counted(cold.flatMap(({ decision }) => decision.enrichment.calls.filter(({ provider }) => provider !== 'directory').map(({ result }) => result))),
      repeated,
      cached,
    };
  } finally {
    await setup.stop();
  }
}

/** Whether the deadline, and not the last answer, ended the asking. */
function isAtDeadline({ enrichment }, deadlineMs) {
  return enrichment.stopped === 'deadline' || (enrichment.calls.some(({ result }) => result === 'late') && enrichment.ms >= deadlineMs);
}

async function again(setup, leads) {
  const before = setup.farm.calls();
  const answers = await setup.sendAll(leads, AT_ONCE);
  return { leads: leads.length, ...percentiles(answers.map(({ ms }) => ms), 50, 99), calls: setup.farm.calls() - before };
}
