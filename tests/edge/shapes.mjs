/** The shapes that the contract promises. */
import assert from 'node:assert/strict';

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** An error answer: status, stable code, a message for the sender, and the place of every problem. */
export function assertRefused(answer, status, code, paths) {
  assert.equal(answer.status, status, answer.text);
  assert.ok(answer.body, `an error must be JSON: ${answer.text}`);
  const { error } = answer.body;
  assert.deepEqual(Object.keys(answer.body), ['error']);
  if (code) assert.equal(error.code, code, answer.text);
  assert.match(error.code, /^[a-z][a-z0-9_]*$/);
  assert.match(error.message, /^[^A-Z].*[^.]$/s, 'a message starts small and ends without a period');
  assert.match(error.request_id, /^[\w-]+$/);
  if (paths) {
    const found = (error.problems ?? []).map(({ path }) => path);
    assert.deepEqual([...found].sort(), [...paths].sort(), answer.text);
    for (const path of paths) assert.ok(error.message.includes(path), `the message names ${path}: ${error.message}`);
  }
  if (status === 503 || status === 429) assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
  return error;
}

/** A decision with everything that the contract fixes. */
export function assertDecision(answer, outcome = 'assigned') {
  assert.equal(answer.status, 200, answer.text);
  const decision = answer.body;
  assert.equal(decision.outcome, outcome, answer.text);
  assert.match(decision.lead_id, /^[0-9a-f]{16}-[0-9a-f]{10}-[0-9a-f]{12}$/);
  assert.ok(decision.decision_id.startsWith(decision.lead_id));
  assert.ok('duplicate_of' in decision && 'assignment' in decision);
  assert.ok(decision.reasons.length > 0);
  for (const { code, text, points } of decision.reasons) {
    assert.match(code, /^[a-z][a-z0-9_]*$/);
    assert.ok(text.length > 3);
    assert.ok(points === undefined || Number.isInteger(points));
  }
  const { providers_called: called, providers_skipped: saved, cache, ms } = decision.enrichment;
  for (const count of [called, saved, ms, decision.ms]) assert.ok(Number.isInteger(count) && count >= 0);
  assert.ok(['hit', 'miss', 'partial'].includes(cache));
  assert.equal(decision.mode, 'live');
  assert.match(decision.rubric_version, /^[0-9a-f]{8,}$/);
  if (outcome === 'assigned') assertAssignment(decision.assignment);
  else assert.equal(decision.assignment, null);
  return decision;
}

function assertAssignment(assignment) {
  for (const field of ['rep_id', 'rep_name', 'team', 'tier', 'reason']) {
    assert.equal(typeof assignment[field], 'string', field);
    assert.ok(assignment[field].length > 0, field);
  }
  const [low, high] = assignment.score_range;
  assert.ok(low <= assignment.score && assignment.score <= high);
  assert.ok(assignment.confidence >= 0 && assignment.confidence <= 1);
  assert.ok(Number.isInteger(assignment.recommended_sla_minutes));
  assert.match(assignment.due_at, MOMENT);
}

/** The reason with a code. */
export function reason(decision, code) {
  const found = decision.reasons.find((entry) => entry.code === code);
  assert.ok(found, `no reason ${code} among ${decision.reasons.map((entry) => entry.code)}`);
  return found;
}
