/**
 * Stands before the built Worker, which runs unchanged behind it. Counts the rows that the platform says were
 * written and keeps the messages that are sent, moves the clock, makes storage, queue and database fail, and repeats failed
 * messages without a pause.
 */
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import * as built from './index.js';

let written = [];
let clockMs = 0;
/** Bodies of the messages that were put on queues. */
const sent = [];
/** How often a place still fails: `D1`, `KV`, `queue`, or a class with the beginning of a statement. */
const failures = new Map();
/** How often a place still works before that. */
const works = new Map();
/** How many sends of a batch still get no answer. */
let hangs = 0;
/** How many batches the queue still takes and loses, and how many it lost. */
let [losses, lost] = [0, 0];

globalThis.Date = class extends Date {
  constructor(...values) {
    super(...(values.length > 0 ? values : [new.target.now()]));
  }

  static now() {
    return super.now() + clockMs;
  }
};

const CONTROLS = {
  rows() {
    const rows = written;
    written = [];
    return rows;
  },
  sent() {
    return sent;
  },
  clock({ add }) {
    clockMs += Number(add);
    return { now: Date.now() };
  },
  hang({ count }) {
    hangs = Number(count);
    return {};
  },
  lose({ count }) {
    [losses, lost] = [Number(count), 0];
    return {};
  },
  lost() {
    return lost;
  },
  fail({ place, count, after = 0 }) {
    failures.set(place, Number(count));
    works.set(place, Number(after));
    return {};
  },
};

export default class extends WorkerEntrypoint {
  async fetch(request) {
    watch(this.env);
    const { pathname, searchParams } = new URL(request.url);
    const control = pathname.startsWith('/test-control/') && CONTROLS[pathname.slice('/test-control/'.length)];
    if (control) return Response.json(control(Object.fromEntries(searchParams)));
    return new built.default(this.ctx, this.env).fetch(request);
  }

  async queue(batch) {
    watch(this.env);
    for (const message of batch.messages) {
      const retry = message.retry.bind(message);
      message.retry = () => retry({ delaySeconds: 0 });
    }
    return new built.default(this.ctx, this.env).queue(batch);
  }

  scheduled(controller) {
    return new built.default(this.ctx, this.env).scheduled(controller);
  }
}

/** A class that counts what its storage writes, and whose alarm can be rung. kit.mjs exports one for each bound object. */
const watched = (name) =>
  class extends DurableObject {
    constructor(state, env) {
      super(state, env);
      const { storage } = state;
      const { sql } = storage;
      const exec = sql.exec.bind(sql);
      sql.exec = (query, ...values) => {
        breakAt(`${name} ${beginning(query)}`);
        const cursor = exec(query, ...values);
        note(name, beginning(query), cursor.rowsWritten);
        return cursor;
      };
      const setAlarm = storage.setAlarm.bind(storage);
      storage.setAlarm = (...values) => {
        note(name, 'alarm', 1);
        return setAlarm(...values);
      };
      this.inner = new built[name](state, env);
    }

    async fetch(request) {
      if (!request.url.endsWith('/test-control/alarm')) return this.inner.fetch(request);
      await this.inner.alarm();
      return new Response();
    }

    alarm() {
      return this.inner.alarm();
    }
  };

const beginning = (query) => query.trim().split(/\s+/).slice(0, 3).join(' ');

function note(where, what, rows) {
  if (rows > 0) written.push({ where, what, rows });
}

function breakAt(place) {
  const left = failures.get(place) ?? 0;
  if (left === 0) return;
  const working = works.get(place) ?? 0;
  works.set(place, Math.max(working - 1, 0));
  if (working > 0) return;
  failures.set(place, left - 1);
  throw new Error(`${place} fails because the test wants it`);
}

let isWatching = false;

function watch(env) {
  if (isWatching) return;
  isWatching = true;
  const statement = env.DB.prepare('SELECT 1');
  for (const [object, place, methods] of [
    [env.DB, 'D1', ['batch']],
    [statement, 'D1', ['run', 'first', 'all']],
    [env.JOBS, 'queue', ['send', 'sendBatch']],
    [env.CACHE, 'KV', ['get', 'put']],
  ]) {
    const prototype = Object.getPrototypeOf(object);
    for (const method of methods) {
      const original = prototype[method];
      prototype[method] = async function (...values) {
        breakAt(place);
        if (method === 'sendBatch' && hangs > 0) {
          hangs -= 1;
          return new Promise(() => {});
        }
        if (method === 'sendBatch' && losses > 0) {
          losses -= 1;
          lost += 1;
          return undefined;
        }
        if (method === 'sendBatch') values[0] = [...values[0]];
        const results = await original.apply(this, values);
        if (method === 'sendBatch') sent.push(...values[0].map(({ body }) => body));
        if (method === 'batch' || method === 'run') {
          for (const { meta } of [results].flat()) note(place, method, meta?.rows_written ?? 0);
        }
        return results;
      };
    }
  }
}
