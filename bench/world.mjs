// Loads the sample world into a Worker under test. The roster is made endless: round-the-clock hours, no leave,
// caps far above what the bench sends. So every lead is assigned and the load ends when the bench says so.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, wrangler } from './config.mjs';
import { call } from './server.mjs';

export const INTAKE_KEY = 'dev-intake-key';
const ADMIN_TOKEN = 'dev-admin-token';
const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const ENDLESS = 100_000_000;

const read = (path) => readFileSync(join(root, path), 'utf8');

/** Domains of the sample directory, in the order of the file; without competitors, whose leads are rejected. */
export function domains() {
  const lines = read('sample/accounts.csv').trim().split('\n').slice(1).filter((line) => !line.endsWith(',competitor'));
  return lines.map((line) => line.slice(0, line.indexOf(',')));
}

function endless(rep) {
  const hours = [{ days: WEEK, from: '00:00', to: '24:00' }];
  const capacity = { open_leads: ENDLESS, per_day: ENDLESS };
  return { ...rep, hours, holidays: [], leave: [], capacity, status: 'online' };
}

async function put(server, method, path, body, type = 'application/json') {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': type };
  const answer = await call(server.ports.http, method, path, body, headers);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
}

/** Puts a rubric in force. */
export function publish(server, rubric) {
  return put(server, 'PUT', '/v1/rubric', JSON.stringify(rubric));
}

/** Tables of D1, reps, teams and accounts. */
export async function load(server) {
  for (const { migrations_dir } of wrangler.d1_databases) {
    for (const file of readdirSync(join(root, migrations_dir)).sort()) {
      await call(server.ports.d1, 'POST', '/__script', read(join(migrations_dir, file)));
    }
  }
  const { reps, teams } = JSON.parse(read('sample/roster.json'));
  for (const rep of reps) await put(server, 'PUT', `/v1/reps/${rep.id}`, JSON.stringify(endless(rep)));
  // A team comes after the team that it falls back on.
  const waiting = [...teams];
  const known = new Set();
  while (waiting.length > 0) {
    const next = waiting.findIndex((team) => !team.fallback_team || known.has(team.fallback_team));
    if (next < 0) throw new Error('the fallback teams of sample/roster.json form a circle');
    const [team] = waiting.splice(next, 1);
    await put(server, 'PUT', `/v1/teams/${team.id}`, JSON.stringify(team));
    known.add(team.id);
  }
  await put(server, 'POST', '/v1/accounts:import', read('sample/accounts.csv'), 'text/csv');
}
