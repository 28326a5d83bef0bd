// Early stop: the same leads, once asking as the rubric says and once asking everybody.

import { DESCRIPTIONS } from '../../tests/fakes/providers/farm.mjs';
import { Setup, asksFor, costMicros, counted, progress, say, sum } from './kit.mjs';
import { mix } from './leads.mjs';

export async function earlyStop({ name, rubric, count, seed }) {
  const { world, leads } = mix(count, seed);
  say(`- early stop, ${name}: ${leads.length} leads, twice`);
  // One after the other, so that rotation and ownership go the same way; the two runs have a Worker and a farm each.
  const [needed, all] = await Promise.all([
    run(`${name}, needed`, { world, leads, rubric, seed }),
    run(`${name}, all`, { world, leads, rubric: asksFor('all', rubric), seed }),
  ]);
  const differences = leads
    .map((_, place) => difference(needed.answers[place], all.answers[place], place))
    .filter(Boolean);
  const { stages, ask = 'needed' } = rubric.enrichment;
  const same = leads.length - differences.length;
  return { name, leads: leads.length, stages, isExact: ask === 'needed', same, differences, needed: figures(needed), all: figures(all) };
}

async function run(name, { world, leads, rubric, seed }) {
  const setup = await Setup.start(name, { world, rubric, seed });
  try {
    const answers = await setup.sendAll(leads, 1, progress(name, leads.length));
    const byProvider = Object.fromEntries(Object.keys(setup.farm.asked).map((id) => [id, setup.farm.calls(id)]));
    return { answers, requests: setup.farm.calls(), byProvider };
  } finally {
    await setup.stop();
  }
}

/** What a lead became, as far as it must be the same. */
function placed({ decision: { outcome, assignment } }) {
  return { outcome, tier: assignment?.tier ?? null, team: assignment?.team ?? null, rep: assignment?.rep_id ?? null };
}

function difference(needed, all, place) {
  const [one, other] = [placed(needed), placed(all)];
  const fields = Object.keys(one).filter((field) => one[field] !== other[field]);
  if (fields.length === 0) return null;
  return {
    place,
    lead_id: needed.decision.lead_id,
    fields,
    needed: one,
    all: other,
    stopped: needed.decision.enrichment.stopped,
  };
}

function figures({ answers, requests, byProvider }) {
  const enrichments = answers.map(({ decision }) => decision.enrichment);
  const whys = answers.map(why);
  const reasons = Object.keys(counted(whys));
  const called = sum(enrichments.map((enrichment) => enrichment.providers_called));
  const stopped = sum(enrichments.map((enrichment) => enrichment.providers_skipped));
  const cached = sum(enrichments.map((enrichment) => enrichment.providers_cached));
  return {
    calls: called,
    stopped,
    cached,
    savedShare: (stopped + cached) / Math.max(1, called + stopped + cached),
    requests,
    byProvider,
    costMicros: costMicros(answers, DESCRIPTIONS),
    cache: counted(enrichments.map(({ cache }) => cache)),
    outcomes: counted(answers.map(({ decision }) => decision.outcome)),
    tiers: counted(answers.map(({ decision }) => decision.assignment?.tier ?? '–')),
    byReason: reasons.map((reason) => {
      const own = answers.filter((_, place) => whys[place] === reason);
      return {
        reason,
        leads: own.length,
        calls: sum(own.map(({ decision }) => decision.enrichment.providers_called)),
        saved: sum(own.map(({ decision }) => decision.enrichment.providers_skipped)),
        cached: sum(own.map(({ decision }) => decision.enrichment.providers_cached)),
        costMicros: costMicros(own, DESCRIPTIONS),
      };
    }),
  };
}

/** Under which line of the table a lead is counted. */
function why({ decision }) {
  const isDuplicate = decision.reasons.some(({ code }) => code === 'same_person');
  return isDuplicate ? 'duplicate' : decision.enrichment.stopped;
}
