/** Worlds whose runtime can be killed, and whose storage the next one takes over. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { start, until } from './kit.mjs';

const states = [];
after(() => states.forEach((state) => rmSync(state, { recursive: true, force: true })));

/** A directory for the storage of worlds that follow each other. */
export function newState() {
  const state = mkdtempSync(join(tmpdir(), 'lead-router-crash-'));
  states.push(state);
  return state;
}

/** Processes of the runtime that this process started. */
function runtimes() {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map(Number).filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [, name, parent] = stat.match(/^\d+ \((.*)\) \S (\d+)/);
      return name === 'workerd' && Number(parent) === process.pid;
    } catch {
      return false; // ended meanwhile
    }
  });
}

/** A world that ends with the test. */
export async function startFor(t, options) {
  const world = await start({ instrumented: true, ...options });
  t.after(() => world.close());
  return world;
}

/** A world whose runtime is known by its process. Only one starts at a time, or nobody could tell whose it is. */
export async function startKillable(t, options) {
  const before = runtimes();
  const world = await startFor(t, options);
  const [pid, ...others] = runtimes().filter((other) => !before.includes(other));
  assert.ok(pid && others.length === 0, 'the process of the runtime');
  world.kill = async () => {
    process.kill(pid, 'SIGKILL');
    await until(() => !runtimes().includes(pid), 'end of the runtime');
    // Otherwise it is started again, beside the next one.
    await world.stop();
  };
  return world;
}
