// Down: one provider stops answering. How long leads wait for it, what it still gets, and when it is asked again.

import { createHash } from 'node:crypto';
import { World } from '../../tests/fakes/providers/world.mjs';
import { pause } from '../server.mjs';
import { Setup, percentiles, say, shipped } from './kit.mjs';
import { plain } from './leads.mjs';

const PROVIDER = 'pdl_company';
/** Objects that ask, each with a breaker of its own, and faults in a row after which one opens. */
const OBJECTS = 16;
const FAULTS_TO_OPEN = 5;
/** Leads of each object: while the provider answers, while it is down and left alone, and at most until it is back. */
const LEADS = { up: 6, open: 10, most: 30 };
const COMPANIES = 2_500;
/** Between two leads while the provider is back and not yet asked, in milliseconds. */
const PROBE_MS = 100;
const RECOVERY_MS_MAX = 45_000;

/** Leads at companies of their own, in turn by the object that asks about the company. */
function inTurn(seed) {
  const world = new World({ seed, companies: COMPANIES });
  const queues = Array.from({ length: OBJECTS }, () => []);
  // Who writes from a private address names no domain, and without one the provider cannot be asked.
  for (const person of world.people.filter(({ isPrivate }) => !isPrivate)) {
    const digest = createHash('sha256').update(`company:${person.company.domain}`).digest('hex');
    queues[Number.parseInt(digest[0], OBJECTS)].push(plain(person));
  }
  const rounds = LEADS.up + FAULTS_TO_OPEN + LEADS.open + LEADS.most;
  const leads = Array.from({ length: rounds }, (_, round) => queues.map((queue) => queue[round])).flat();
  if (leads.some((lead) => !lead)) throw new Error('more companies are needed, so that every object has enough');
  return { world, leads };
}

export async function down({ seed }) {
  const rubric = { ...shipped(), enrichment: { ...shipped().enrichment, stages: [['directory'], [PROVIDER]] } };
  const { world, leads } = inTurn(seed);
  const setup = await Setup.start('down', { world, rubric, seed });
  const next = (rounds) => leads.splice(0, rounds * OBJECTS);
  try {
    say(`- down: ${PROVIDER} stops answering`);
    const before = await phase(setup, next(LEADS.up), 4);
    setup.farm.down(PROVIDER, 'never');
    const opening = await phase(setup, next(FAULTS_TO_OPEN), OBJECTS * FAULTS_TO_OPEN);
    const open = await phase(setup, next(LEADS.open), 4);
    setup.farm.up(PROVIDER);
    say('  the provider is back, and left alone until the pause is over');
    const recovery = await recover(setup, leads);
    return { provider: PROVIDER, before, opening, open, recovery };
  } finally {
    await setup.stop();
  }
}

const isAlone = ({ decision }) => decision.enrichment.calls.some(({ result }) => result === 'circuit_open');

function figures(answers, calls) {
  return {
    leads: answers.length,
    ...percentiles(
      answers.map(({ ms }) => ms),
      50,
      99,
    ),
    calls,
    alone: answers.filter(isAlone).length,
  };
}

async function phase(setup, leads, atOnce) {
  const before = setup.farm.calls();
  const answers = await setup.sendAll(leads, atOnce);
  return figures(answers, setup.farm.calls() - before);
}

/** Sends a lead now and then until every object asks again. */
async function recover(setup, leads) {
  const before = setup.farm.calls();
  const started = performance.now();
  const [answers, times] = [[], { first: null, last: 0 }];
  let inARow = 0;
  while (inARow < OBJECTS && leads.length > 0 && performance.now() - started < RECOVERY_MS_MAX) {
    const answer = await setup.send(leads.shift());
    answers.push(answer);
    const seconds = (performance.now() - started) / 1000;
    if (isAlone(answer)) {
      inARow = 0;
      times.last = seconds;
    } else {
      inARow += 1;
      times.first ??= seconds;
    }
    if (inARow === 0) await pause(PROBE_MS);
  }
  return {
    ...figures(answers, setup.farm.calls() - before),
    isBack: inARow >= OBJECTS,
    firstS: times.first,
    lastAloneS: times.last,
  };
}
