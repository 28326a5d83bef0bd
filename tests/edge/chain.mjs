/** The chain of the ledger, checked from what the export says and nothing else. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

/** Lines of the export with their records. */
export async function exported(world, query = '') {
  const answer = await world.admin('GET', `/v1/decisions:export?record=1${query}`);
  assert.equal(answer.status, 200, answer.text);
  return rowsOf(answer);
}

/** The rows of an export as NDJSON, whose last line counts them. */
export function rowsOf(answer) {
  const lines = answer.text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const { rows } = lines.pop();
  assert.equal(rows, lines.length);
  return lines;
}

/** Every record is the one that its hash names, numbers have no gaps, and each names the one before it. */
export function assertChains(lines) {
  const shards = Map.groupBy(lines, (line) => line.shard);
  for (const [shard, own] of shards) {
    own.sort((one, other) => one.seq - other.seq);
    own.forEach((line, index) => {
      assert.equal(line.seq, index + 1, `${shard}: number`);
      assert.equal(line.previous, index === 0 ? '' : own[index - 1].hash, `${shard}: ${line.seq} follows`);
      assert.equal(line.record === null, line.erased_at !== null, `${shard}: ${line.seq} is there or erased`);
      if (line.record !== null) {
        assert.equal(sha256(line.record), line.hash, `${shard}: hash of ${line.seq}`);
        assert.deepEqual([JSON.parse(line.record).seq, JSON.parse(line.record).previous], [line.seq, line.previous]);
      }
    });
  }
}
