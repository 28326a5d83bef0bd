/**
 * How long answers take and how often they fail. A function of the provider, the subject and how often it was asked.
 */
import { chance, normal } from './random.mjs';

/** Everybody answers at once. */
export const NONE = { median_ms: 0, p95_ms: 0, never: 0, fault: 0, throttled: 0 };

/** A bad day, the same for all providers: half of the answers after 600 ms, one of ten gets none at all or a fault. */
export const DOCUMENTED = { median_ms: 600, p95_ms: 4_000, never: 0.05, fault: 0.03, throttled: 0.02 };

/** Standard deviations between the median and the 95th percentile of a normal distribution. */
const P95_SIGMAS = 1.6449;

/** What happens to one question: `{ms, fate}`, where fate is `answer`, `never`, `fault` or `throttled`. */
export function draw({ median_ms: median, p95_ms: p95, never, fault, throttled }, ...parts) {
  const sigma = median > 0 ? Math.log(p95 / median) / P95_SIGMAS : 0;
  const ms = median * Math.exp(sigma * normal('latency', ...parts));
  let left = chance('fate', ...parts);
  const fates = [
    ['never', never],
    ['fault', fault],
    ['throttled', throttled],
  ];
  const [fate] = fates.find(([, share]) => (left -= share) < 0) ?? ['answer'];
  return { ms, fate };
}
