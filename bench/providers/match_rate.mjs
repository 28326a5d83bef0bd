// Match rate: how many leads end with a known size, seniority and state of the address, by provider and by waterfall.
//
// A single provider's rate follows from the farm: `tests/edge/farm.test.mjs` proves that the Worker reads exactly that.

import { DESCRIPTIONS } from '../../tests/fakes/providers/farm.mjs';
import { World } from '../../tests/fakes/providers/world.mjs';
import { Setup, asksFor, costMicros, five, say } from './kit.mjs';
import { plain } from './leads.mjs';

export const FACTS = ['company.employees', 'person.seniority', 'person.email_status'];

/** Leads at new companies who state neither title nor size: what is known comes from providers. */
export async function matchRate({ count, seed }) {
  say(`- match rate: ${count} leads`);
  const world = new World({ seed, companies: count });
  const runs = [
    ['waterfall, what is needed', five()],
    ['waterfall, what is missing', asksFor('missing', five())],
    ['waterfall, everybody', asksFor('all', five())],
  ];
  const waterfalls = [];
  for (const [name, rubric] of runs) waterfalls.push(await waterfall(name, { world, rubric, seed }));
  return {
    leads: count,
    stages: five().enrichment.stages,
    singles: waterfalls[0].singles,
    waterfalls: waterfalls.map(({ singles, ...rest }) => rest),
  };
}

async function waterfall(name, { world, rubric, seed }) {
  const setup = await Setup.start(name, { world, rubric, seed });
  try {
    const answers = await setup.sendAll(
      world.people.map((person) => plain(person)),
      8,
    );
    const facts = await setup.facts();
    const known = answers.map(({ decision }) => facts.get(decision.lead_id) ?? {});
    const singles = Object.keys(DESCRIPTIONS).map((id) => single(setup.farm, id, world.people));
    return {
      name,
      ...shares(known),
      calls: setup.farm.calls() / answers.length,
      costMicros: costMicros(answers, DESCRIPTIONS) / answers.length,
      singles,
    };
  } finally {
    await setup.stop();
  }
}

/** One provider alone, asked about every lead that states what it needs. */
function single(farm, id, people) {
  const { kind, requires, cost_usd_micros: cost } = DESCRIPTIONS[id];
  const known = people.map((person) => {
    const lead = plain(person);
    const has = {
      'contact.email': true,
      'contact.linkedin_url': Boolean(lead.linkedin_url),
      'company.domain': !person.isPrivate,
      'contact.first_name': true,
      'contact.last_name': true,
    };
    if (!requires.every((group) => group.some((path) => has[path]))) return null;
    return farm.facts(id, kind === 'person' ? person : person.company);
  });
  const found = known.filter(Boolean).length;
  return {
    name: id,
    found: found / people.length,
    ...shares(known.map((facts) => facts ?? {})),
    costMicros: (found * cost) / people.length,
  };
}

function shares(known) {
  const share = (path) => known.filter((facts) => facts[path] !== undefined).length / known.length;
  return Object.fromEntries(FACTS.map((path) => [path, share(path)]));
}
