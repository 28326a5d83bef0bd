/**
 * Randomness that is a function of names: the same parts give the same number, in any order of asking and on any
 * machine.
 */
import { createHash } from 'node:crypto';

/** A number from 0 to 1, without both ends. */
export function chance(...parts) {
  const digest = createHash('sha256').update(parts.join('\0')).digest();
  return (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
}

/** A number of the standard normal distribution. */
export function normal(...parts) {
  const radius = Math.sqrt(-2 * Math.log(chance('radius', ...parts)));
  return radius * Math.cos(2 * Math.PI * chance('angle', ...parts));
}

/** One of a list; with `weights` in their proportion. */
export function pick(list, weights, ...parts) {
  if (!weights) return list[Math.floor(chance(...parts) * list.length)];
  let left = chance(...parts) * weights.reduce((sum, weight) => sum + weight, 0);
  return list[weights.findIndex((weight) => (left -= weight) < 0)] ?? list.at(-1);
}

/** Share of the standard normal distribution below `z` (Abramowitz and Stegun, 26.2.17; error below 1e-7). */
export function below(z) {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - tail : tail;
}
