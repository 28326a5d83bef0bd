// The report of the load bench: Markdown tables with the budgets beside the figures.

const NAMES = ['lead-router', 'floor', 'floor, group commit'];

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const last = (values) => values[values.length - 1];
const number = (value, digits) => (value === null || value === undefined ? '–' : value.toFixed(digits));

/** A figure that may have `limit` at most, or must have it at least. */
const most = (limit, text = `≤ ${limit}`) => ({ met: (value) => value <= limit, text });
const least = (limit, text = `≥ ${limit}`) => ({ met: (value) => value >= limit, text });
const judged = (budget, value) => `${budget.text} ${budget.met(value) ? 'met' : '**MISSED**'}`;

/** Figures of the closed loop over all rounds. */
function closed(rounds) {
  if (!rounds) return null;
  const leads = rounds.reduce((sum, round) => sum + round.count, 0);
  const weighted = (key) => rounds.reduce((sum, round) => sum + round[key] * round.count, 0) / leads;
  return {
    perSecond: mean(rounds.map((round) => round.perSecond)),
    p50: last(rounds).pooled.p50,
    p99: last(rounds).pooled.p99,
    cpuMs: weighted('cpuMs'),
    deliveryCpuMs: weighted('deliveryCpuMs'),
    generatorCpuMs: weighted('generatorCpuMs'),
  };
}

/** One line: ours, floor, floor with group commit, ours to floor, budget with what became of it. */
function line(name, values, digits, budget) {
  const [ours, floor] = values;
  const known = ours !== null && ours !== undefined;
  const ratio = known && floor ? number(ours / floor, 2) : '';
  const verdict = budget ? (known ? judged(budget, ours) : budget.text) : '';
  return `| ${name} | ${values.map((value) => number(value, digits)).join(' | ')} | ${ratio} | ${verdict} |`;
}

function aim([ours, , grouped]) {
  if (!ours || !grouped) return [];
  const ratio = ours / grouped;
  return [`| – to the floor with group commit | ${number(ratio, 2)} | | | | aim ${judged(most(1.25), ratio)} |`];
}

function hits(results) {
  const all = NAMES.map((name) => closed(results[name].closed) ?? {});
  const of = (key) => all.map((figures) => figures[key] ?? null);
  const at = (key) => NAMES.map((name) => results[name].open?.[key] ?? null);
  return [
    line('leads/s', of('perSecond'), 0, least(1140, '≥ 1,140')),
    line('CPU ms per lead, request', of('cpuMs'), 3, most(0.77)),
    ...aim(of('cpuMs')),
    line('CPU ms per lead, delivery to CRM and ledger', of('deliveryCpuMs'), 3),
    line('p50 ms, closed loop', of('p50'), 2),
    line('p99 ms, closed loop', of('p99'), 2),
    line(`p50 ms at ${results.rate} leads/s`, at('p50'), 2, most(3)),
    line(`p99 ms at ${results.rate} leads/s`, at('p99'), 2, most(8)),
  ];
}

function rows(results) {
  const of = (key) => NAMES.map((name) => results[name].rows?.[key] ?? null);
  return [
    line('rows written per lead', of('total'), 2, most(6)),
    line('– by account shards', of('AccountShard'), 2),
    line('– by Teams', of('RepPool'), 2),
    line('– alarms set', of('alarm'), 2),
    line('– in D1', of('D1'), 2),
  ];
}

function wholeProcess(results) {
  const memory = (place) => NAMES.map((name) => results[name].rss?.at(place)?.mb ?? null);
  const leads = NAMES.map((name) => results[name].rss?.at(-1)?.leads ?? '–').join(' / ');
  const { artifact } = results;
  const single = (value) => [value, null, null];
  const built = artifact && [
    line('ms of start-up by `wrangler check startup`', single(artifact.wranglerStartupMs), 0, most(60)),
    line('wasm KiB', single(artifact.wasmKib), 0),
    line('wasm KiB, gzip', single(artifact.wasmGzipKib), 0, most(1024, '≤ 1,024')),
  ];
  return [
    line('RSS MB of the process, warm', memory(0), 0),
    line(`RSS MB after ${leads} leads`, memory(-1), 0),
    line('ms from process start to first answer', NAMES.map((name) => results[name].start?.median), 0),
    ...(built ?? []),
  ];
}

function paths(results) {
  if (!results.miss) return [];
  const path = (name, figures, budget) => {
    const { perSecond, p50, p99, cpuMs, deliveryCpuMs } = figures;
    const cells = [number(perSecond, 0), number(p50, 2), number(p99, 2), number(cpuMs, 3), number(deliveryCpuMs, 3)];
    return `| ${name} | ${cells.join(' | ')} | ${budget ? judged(budget, cpuMs) : ''} |`;
  };
  return [
    '',
    '| Other paths of lead-router | leads/s | p50 ms | p99 ms | CPU ms | delivery CPU ms | budget, CPU ms |',
    '|---|---|---|---|---|---|---|',
    path('the same lead again', results.replay),
    path('cache miss: the directory is asked', results.miss),
    path('cache miss: the directory and two HTTP providers are asked', results.providers, most(1.21)),
  ];
}

/** What makes figures doubtful: refused rates, failed requests, leads that nobody got. */
function problems(results) {
  const runs = NAMES.map((name) => [name, [...(results[name].closed ?? []), results[name].open].filter(Boolean)]);
  const others = ['replay', 'miss', 'providers'].filter((name) => results[name]).map((name) => [name, [results[name]]]);
  return [...runs, ...others].flatMap(([name, rounds]) => {
    const found = [];
    const other = rounds.flatMap((round) => Object.entries(round.outcomes)).filter(([outcome]) => outcome !== 'assigned');
    if (rounds.some((round) => round.overloaded)) found.push(`the rate of ${results.rate} leads/s could not be held`);
    if (other.length > 0) found.push(`not every lead was assigned: ${other.map((pair) => pair.join(' × ')).join(', ')}`);
    return found.map((problem) => `**${name}: ${problem}**`);
  });
}

function notes(results) {
  const load = closed(results[NAMES[0]].closed ?? results.floor.closed);
  const open = results[NAMES[0]].open ?? results.floor.open;
  const { disk, busy, seconds, connections } = results;
  return [
    `One run of ${number(seconds, 0)} s. ${connections} connections unless a rate is named, rounds in turn, the queue held`
      + ' during a closed loop and delivered after it. Stand-ins for KV, queue and D1 run in the same process.',
    'Floor: the same calls and rows in plain JavaScript, nothing decided.',
    'Budgets are those of a quiet machine; ratios of one run are what counts.',
    `Disk: 4 KB are durable after ${number(disk.p50, 2)} ms (p50), ${number(disk.p99, 2)} ms (p99); a lead waits for two`
      + ' such writes, one after the other.',
    `Machine: ${busy.cores} cores, load average ${number(busy.load, 1)} at the start; above 1 something else takes part.`,
    `Load: a process of its own over raw sockets, ${number(load.generatorCpuMs, 3)} ms CPU per lead;`
      + ` at the fixed rate leads left ${number(open?.lateP99, 2)} ms late at p99.`,
    ...problems(results),
  ];
}

export function report(results) {
  return [
    '',
    `| Cache hit | ${NAMES.join(' | ')} | ratio to floor | budget |`,
    '|---|---|---|---|---|---|',
    ...hits(results),
    ...rows(results),
    ...wholeProcess(results),
    ...paths(results),
    '',
    ...notes(results).map((note) => `- ${note}`),
    '',
  ].join('\n');
}
