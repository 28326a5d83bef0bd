/**
 * Stands before the built Worker, which runs unchanged behind it. Counts the rows that the platform says were
 * written, moves the clock, makes the database fail, and repeats failed messages without a pause.
 */
import { DurableObject, WorkerEntrypoint } from 'cloudflare:workers';
import * as built from './index.js';

let written = [];
let clockMs = 0;
let failures = 0;

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
  clock({ add }) {
    clockMs += Number(add);
    return { now: Date.now() };
  },
  fail({ count }) {
    failures = Number(count);
    return {};
  },
};

export default class extends WorkerEntrypoint {
  async fetch(request) {
    watchDatabase(this.env.DB);
    const { pathname, searchParams } = new URL(request.url);
    const control = pathname.startsWith('/test-control/') && CONTROLS[pathname.slice('/test-control/'.length)];
    if (control) return Response.json(control(Object.fromEntries(searchParams)));
    return new built.default(this.ctx, this.env).fetch(request);
  }

  async queue(batch) {
    watchDatabase(this.env.DB);
    for (const message of batch.messages) {
      const retry = message.retry.bind(message);
      message.retry = () => retry({ delaySeconds: 0 });
    }
    return new built.default(this.ctx, this.env).queue(batch);
  }
}

/** A class that counts what its storage writes, and whose alarm can be rung. */
const watched = (name) =>
  class extends DurableObject {
    constructor(state, env) {
      super(state, env);
      const { storage } = state;
      const { sql } = storage;
      const exec = sql.exec.bind(sql);
      sql.exec = (query, ...values) => {
        const cursor = exec(query, ...values);
        note(name, query, cursor.rowsWritten);
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

export const Desk = watched('Desk');
export const TeamPool = watched('TeamPool');

function note(where, query, rows) {
  if (rows > 0) written.push({ where, what: query.trim().split(/\s+/).slice(0, 3).join(' '), rows });
}

let isWatched = false;

function watchDatabase(database) {
  if (isWatched) return;
  isWatched = true;
  const prototype = Object.getPrototypeOf(database);
  const statement = Object.getPrototypeOf(database.prepare('SELECT 1'));
  for (const [owner, method] of [[prototype, 'batch'], [statement, 'run']]) {
    const original = owner[method];
    owner[method] = async function (...values) {
      if (failures > 0) {
        failures -= 1;
        throw new Error('D1_ERROR: the test wants it');
      }
      const results = await original.apply(this, values);
      for (const { meta } of [results].flat()) note('D1', method, meta?.rows_written ?? 0);
      return results;
    };
  }
}
