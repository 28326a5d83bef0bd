// Wraps the Worker under test and counts the rows that its objects write, as the platform's bill would:
// `rowsWritten` of each statement (indexes and deletions included) and one row for each setting of an alarm.
// `GET /__rows` answers the counts. Rows of D1 are counted by the stand-in of D1.

import worker, * as exported from './index.js';

const cursors = { AccountShard: [], RepPool: [] };
const alarms = { AccountShard: 0, RepPool: 0 };
const counted = { AccountShard: 0, RepPool: 0 };
const owners = new WeakMap();
let patched = false;

/** Wraps the methods once, for all objects of the isolate; each storage knows whose it is. */
function watch(name, storage) {
  const { sql } = storage;
  owners.set(sql, name);
  owners.set(storage, name);
  if (patched) return;
  patched = true;
  const [sqlMethods, storageMethods] = [Object.getPrototypeOf(sql), Object.getPrototypeOf(storage)];
  const { exec } = sqlMethods;
  const { setAlarm } = storageMethods;
  sqlMethods.exec = function (...statement) {
    const cursor = exec.apply(this, statement);
    cursors[owners.get(this)]?.push(cursor);
    return cursor;
  };
  storageMethods.setAlarm = function (...moment) {
    if (owners.has(this)) alarms[owners.get(this)] += 1;
    return setAlarm.apply(this, moment);
  };
}

function rows() {
  for (const name of Object.keys(cursors)) {
    for (const cursor of cursors[name].splice(0)) counted[name] += cursor.rowsWritten;
  }
  return { rows: { ...counted }, alarms: { ...alarms } };
}

const watched = (name) =>
  class extends exported[name] {
    constructor(ctx, env) {
      watch(name, ctx.storage);
      super(ctx, env);
    }
  };

export const AccountShard = watched('AccountShard');
export const RepPool = watched('RepPool');
// The first writes nothing, and the second only where the rubric limits a provider.
export const { Lookup, RateLimiter } = exported;

const answers = (request) => new URL(request.url).pathname === '/__rows';

function entry() {
  if (typeof worker !== 'function') {
    const fetch = (request, ...rest) => (answers(request) ? Response.json(rows()) : worker.fetch(request, ...rest));
    return { ...worker, fetch };
  }
  return class extends worker {
    fetch(request) {
      return answers(request) ? Response.json(rows()) : super.fetch(request);
    }
  };
}

export default entry();
