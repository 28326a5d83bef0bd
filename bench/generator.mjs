// Makes the load, in a process of its own. Takes one order at a time from the parent and answers with figures.
//
// closed: each connection sends the next lead when the last one was answered.
// open:   leads leave at fixed moments, whatever the answers do; latency counts from the moment a lead was due.

import { bodies } from './leads.mjs';
import { Connection } from './client.mjs';

const OPEN_CONNECTIONS_MAX = 256;
/** A server that fails this often is not worth more load. */
const ERRORS_MAX = 1_000;
/** The last stretch before a moment is spent polling: timers of the system are a millisecond coarse. */
const SPIN_MS = 1.3;

class Tally {
  latencies = [];
  late = [];
  outcomes = {};
  errors = 0;
  overloaded = false;

  add(ms, status, outcome) {
    if (status >= 200 && status < 300) {
      this.latencies.push(ms);
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
    } else {
      this.errors += 1;
      const name = `status ${status}: ${outcome}`;
      this.outcomes[name] = (this.outcomes[name] ?? 0) + 1;
    }
  }

  merge(other) {
    for (const ms of other.latencies) this.latencies.push(ms);
    for (const ms of other.late) this.late.push(ms);
    for (const [name, count] of Object.entries(other.outcomes)) {
      this.outcomes[name] = (this.outcomes[name] ?? 0) + count;
    }
    this.errors += other.errors;
    this.overloaded ||= other.overloaded;
  }

  /** Exact figures: every latency is kept and sorted. */
  figures(seconds) {
    const sorted = Float64Array.from(this.latencies).sort();
    const late = Float64Array.from(this.late).sort();
    const at = (values, share) => values[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)] ?? null;
    return {
      count: sorted.length, errors: this.errors, overloaded: this.overloaded,
      outcomes: this.outcomes, seconds, perSecond: sorted.length / seconds,
      p50: at(sorted, 0.5), p90: at(sorted, 0.9), p99: at(sorted, 0.99), p999: at(sorted, 0.999), max: at(sorted, 1),
      lateP99: at(late, 0.99),
    };
  }
}

/** Closed loop until `count` leads are sent or `seconds` have passed. */
function closed(order, body, tally) {
  return new Promise((resolve) => {
    const until = performance.now() + (order.seconds ?? 60) * 1000;
    const end = order.from + (order.count ?? Infinity);
    let next = order.from;
    let busy = order.connections;
    const step = (connection) => {
      const started = performance.now();
      if (next >= end || started >= until || tally.errors > ERRORS_MAX) {
        connection.close();
        busy -= 1;
        if (busy === 0) resolve(next);
        return;
      }
      connection.send(body(next++), (status, outcome) => {
        tally.add(performance.now() - started, status, outcome);
        step(connection);
      });
    };
    for (let i = 0; i < order.connections; i += 1) step(new Connection(order.port, order.token, order.path));
  });
}

/**
 * Open loop at `rate` leads a second for `seconds`. When every connection waits for an answer the rate cannot be
 * held: it stops there and says so.
 */
function open(order, body, tally) {
  return new Promise((resolve) => {
    const all = Array.from({ length: order.connections }, () => new Connection(order.port, order.token, order.path));
    const idle = [...all];
    const total = Math.round(order.rate * order.seconds);
    const gap = 1000 / order.rate;
    const started = performance.now() + 50;
    let sent = 0;
    let answered = 0;
    const fire = (due) => {
      if (idle.length === 0 && all.length < OPEN_CONNECTIONS_MAX) {
        all.push(new Connection(order.port, order.token, order.path));
        idle.push(all[all.length - 1]);
      }
      const connection = idle.shift();
      if (!connection) return false;
      tally.late.push(performance.now() - due);
      connection.send(body(order.from + sent), (status, outcome) => {
        tally.add(performance.now() - due, status, outcome);
        idle.push(connection);
        answered += 1;
        finish();
      });
      sent += 1;
      return true;
    };
    const finish = () => {
      if (answered < total && !(tally.overloaded && answered === sent)) return;
      for (const connection of all) connection.close();
      resolve(order.from + sent);
    };
    const tick = () => {
      while (sent < total && performance.now() >= started + sent * gap) {
        if (fire(started + sent * gap)) continue;
        tally.overloaded = true;
        return;
      }
      if (sent === total) return;
      const left = started + sent * gap - performance.now();
      if (left > SPIN_MS + 1) setTimeout(tick, left - SPIN_MS - 1);
      else setImmediate(tick);
    };
    tick();
  });
}

/** Orders of one series are also counted together, so that a percentile stands on every round. */
const series = new Map();

process.on('message', async (order) => {
  const tally = new Tally();
  const cpu = process.cpuUsage();
  const started = performance.now();
  const next = await (order.kind === 'open' ? open : closed)(order, bodies(order), tally);
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  const all = series.get(order.series) ?? { tally: new Tally(), seconds: 0 };
  all.tally.merge(tally);
  all.seconds += seconds;
  series.set(order.series, all);
  const figures = tally.figures(seconds);
  const pooled = all.tally.figures(all.seconds);
  process.send({ ...figures, next, pooled, generatorCpuMs: (used.user + used.system) / 1000 });
});
process.on('disconnect', () => process.exit(0));
