// Loads the sample world into an empty Worker: reps, teams, account directory. Does nothing when teams exist.
import { api, read, readJson } from './api.mjs';

const { teams: existing } = await api('GET', '/v1/teams');
if (existing.length > 0) process.exit(0);

const { teams, reps } = readJson('sample/roster.json');
for (const rep of reps) await api('PUT', `/v1/reps/${rep.id}`, rep);

// A team is written after the team that it falls back on.
const written = new Set();
while (written.size < teams.length) {
  const next = teams.filter((team) => !written.has(team.id) && (!team.fallback_team || written.has(team.fallback_team)));
  if (next.length === 0) throw new Error('the fallback teams of sample/roster.json form a circle');
  for (const team of next) {
    await api('PUT', `/v1/teams/${team.id}`, team);
    written.add(team.id);
  }
}

await api('PUT', '/v1/forms/demo', readJson('sample/forms/demo.json'));

const accounts = await api('POST', '/v1/accounts:import', read('sample/accounts.csv'), { 'content-type': 'text/csv' });
if (accounts.problems.length > 0) throw new Error(`sample/accounts.csv: ${JSON.stringify(accounts.problems)}`);
console.log(`- sample world loaded: ${teams.length} teams, ${reps.length} reps, ${accounts.imported} accounts`);
