// Routes one sample lead through the running Worker and prints the decision as a person would read it.
import { api, base, readJson } from './api.mjs';

const lead = { ...readJson('sample/leads/hidden-enterprise.json'), submission_id: `first-lead-${Date.now()}` };
const started = performance.now();
const decision = await api('POST', '/v1/leads', lead);
const ms = Math.round(performance.now() - started);

const { assignment, reasons } = decision;
console.log(`\nOne lead, routed in ${ms} ms:\n`);
console.log(`  ${lead.first_name ?? ''} ${lead.last_name ?? ''}, ${lead.title ?? ''}, ${lead.company ?? ''} <${lead.email}>`);
if (assignment) {
  const [low, high] = assignment.score_range;
  const range = low === high ? '' : `, ${low} to ${high} once everything is known`;
  console.log(`  → ${assignment.rep_name} (${assignment.team}), tier ${assignment.tier}`);
  console.log(`    ${assignment.reason}`);
  console.log(`    ${assignment.score} points${range}; confidence ${Math.round(assignment.confidence * 100)} %`);
  console.log(`    first touch within ${assignment.recommended_sla_minutes} working minutes, by ${assignment.due_at}`);
} else {
  console.log(`  → ${decision.outcome}`);
}
for (const reason of reasons) {
  const points = reason.points === undefined ? '' : `${reason.points > 0 ? '+' : ''}${reason.points}`;
  console.log(`    ${points.padStart(4)}  ${reason.text}`);
}
console.log(`
Try it yourself:
  curl ${base}/v1/leads -H 'Authorization: Bearer dev-intake-key' -H 'Content-Type: application/json' -d @sample/leads/owned-account.json
  a form in the browser: ${base}/forms/demo
  what was decided:      curl ${base}/v1/decisions -H 'Authorization: Bearer dev-admin-token'
`);
