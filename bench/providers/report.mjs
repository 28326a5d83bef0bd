// The report of the provider bench: Markdown tables.

import { FACTS } from './match_rate.mjs';

const number = (value, digits = 0) => (value === null || value === undefined ? '–' : value.toFixed(digits));
const ms = (value) => number(value, value < 100 ? 1 : 0);
const percent = (share) => `${number(share * 100, 1)} %`;
const usd = (micros, digits = 2) => `$${number(micros / 1e6, digits)}`;
const list = (counts) =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
const row = (...cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) => [row(...head), row(...head.map(() => '---')), ...rows, ''];
const stages = (all) => all.map((stage) => stage.join(' + ')).join(', then ');

function speed({ leads, atOnce, weather, enrichment, runs }) {
  return [
    '## Speed',
    '',
    `${leads} leads of new companies, ${atOnce} at a time. Providers: ${stages(enrichment.stages)}.` +
      ` Latency log-normal, median ${weather.median_ms} ms, p95 ${weather.p95_ms} ms;` +
      ` ${percent(weather.never)} never,` +
      ` ${percent(weather.fault)} 5xx, ${percent(weather.throttled)} 429.` +
      ` Deadline of the rubric: ${enrichment.deadline_ms} ms.`,
    '',
    ...table(
      ['', 'leads', 'p50 ms', 'p90 ms', 'p99 ms', 'at the deadline', 'requests to providers', 'cost per lead, at most'],
      runs.flatMap((run) => [
        row(
          `${run.name}: new companies`,
          leads,
          ms(run.cold.p50),
          ms(run.cold.p90),
          ms(run.cold.p99),
          percent(run.atDeadline),
          run.cold.calls,
          usd(run.cold.costMicros, 3),
        ),
        row(
          '– the same leads again',
          run.repeated.leads,
          ms(run.repeated.p50),
          '',
          ms(run.repeated.p99),
          '',
          run.repeated.calls,
          '',
        ),
        row(
          '– the same people, another message: cache hit',
          run.cached.leads,
          ms(run.cached.p50),
          '',
          ms(run.cached.p99),
          '',
          run.cached.calls,
          '',
        ),
      ]),
    ),
    ...runs.flatMap(({ name, cold, complete, stopped, results }) => [
      `- ${name}: every question was answered for ${percent(complete)} of the leads, whom the cache-hit line counts;` +
        ' what failed is not cached.',
      `- ${name}: asking ended ${list(stopped)}. Answers: ${list(results)}. Second requests: ${list(cold.seconds)}.`,
    ]),
    '',
  ];
}

function earlyStop({ name, leads, same, differences, needed, all, stages: asked }) {
  const line = (title, run) =>
    row(title, run.calls, run.requests, usd(run.costMicros), usd((run.costMicros / leads) * 1000), list(run.cache));
  return [
    `## Early stop, ${name}`,
    '',
    `${leads} leads, one after the other, providers without latency. Asked: ${stages(asked)}.`,
    '',
    ...table(
      ['', 'questions', 'requests', 'cost', 'cost of 1,000 leads', 'cache'],
      [
        line('asks as the rubric says', needed),
        line('asks everybody', all),
        row(
          'saved',
          all.calls - needed.calls,
          all.requests - needed.requests,
          usd(all.costMicros - needed.costMicros),
          percent(1 - needed.costMicros / all.costMicros),
          '',
        ),
      ],
    ),
    ...table(
      ['why', 'leads', 'calls made', 'saved: could change nothing', 'saved: in the cache', 'cost'],
      [
        ...needed.byReason.map((one) =>
          row(one.reason, one.leads, one.calls, one.saved, one.cached, usd(one.costMicros)),
        ),
        row('all', leads, needed.calls, needed.stopped, needed.cached, usd(needed.costMicros)),
      ],
    ),
    `- Of all calls that could be made, ${percent(needed.savedShare)} were saved.`,
    `- Same outcome, tier, team and rep: ${same} of ${leads} (${percent(same / leads)}).`,
    `- Outcomes: ${list(needed.outcomes)}; tiers: ${list(needed.tiers)}.`,
    ...differences
      .slice(0, 10)
      .map(
        (one) =>
          `- **differs in ${one.fields.join(', ')}**: lead ${one.place}, ${one.lead_id}:` +
          ` ${JSON.stringify(one.needed)} (${one.stopped}) against ${JSON.stringify(one.all)}`,
      ),
    ...(differences.length > 10 ? [`- … and ${differences.length - 10} more in the JSON file`] : []),
    '',
  ];
}

function matchRate({ leads, singles, waterfalls, stages: asked }) {
  const line = (one) =>
    row(
      one.name,
      one.found === undefined ? '' : percent(one.found),
      ...FACTS.map((path) => percent(one[path])),
      number(one.calls ?? null, 2),
      usd(one.costMicros, 4),
    );
  return [
    '## Match rate',
    '',
    `${leads} leads of new companies who state neither title nor size.` +
      ' What each provider knows is assumed, not measured:' +
      ' `tests/fakes/providers/coverage.mjs`.',
    '',
    ...table(
      ['', 'record', 'employees', 'seniority', 'e-mail status', 'requests per lead', 'cost per lead'],
      [...singles, ...waterfalls].map(line),
    ),
    `- Waterfall: ${stages(asked)}. A provider alone is asked about every lead that states what it needs.`,
    '',
  ];
}

function down({ provider, before, opening, open, recovery }) {
  const line = (title, one) => row(title, one.leads, ms(one.p50), ms(one.p99), one.calls, one.alone);
  return [
    '## One provider down',
    '',
    `\`${provider}\` stops answering; it is the only HTTP provider of the rubric, so a lead waits for nobody else.`,
    '',
    ...table(
      ['', 'leads', 'p50 ms', 'p99 ms', 'requests it gets', 'left alone'],
      [
        line('it answers', before),
        line('it is down, until every breaker is open', opening),
        line('it is down, breakers open', open),
        line('it is back', recovery),
      ],
    ),
    '- A question that gets no answer may be sent a second time (`prefer` of the rubric).',
    recovery.isBack
      ? `- It answered the first lead ${number(recovery.firstS, 1)} s after it was back;` +
        ` the last lead without it came after ${number(recovery.lastAloneS, 1)} s.`
      : '- **It was not asked about all leads again in time.**',
    '',
  ];
}

export function report({ speed: fast, earlyStops, match, outage, seconds, seed }) {
  return [
    '',
    ...(fast ? speed(fast) : []),
    ...(earlyStops ?? []).flatMap(earlyStop),
    ...(match ? matchRate(match) : []),
    ...(outage ? down(outage) : []),
    `One run of ${number(seconds)} s, seed \`${seed}\`. ` +
      'One server on this machine plays the providers in their documented formats.',
    '',
  ].join('\n');
}
