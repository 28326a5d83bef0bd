/**
 * How providers write values: ranges, amounts, and their words for seniority, function and the state of an address.
 *
 * Where it can be seen, the way is read off the recorded example: `251-500` says that the provider answers in ranges,
 * and in which. Words cannot be seen off one example, so the vendors' documented lists stand here.
 */

const SIZES = [1, 11, 51, 201, 501, 1_001, 5_001, 10_001];
const SIZES_OF_CRUNCHBASE = [1, 11, 51, 101, 251, 501, 1_001, 5_001, 10_001];
const SIZES_OF_CLEARBIT = [1, 11, 51, 251, 1_000, 5_000, 10_000, 50_000, 100_000];
const AMOUNTS = [0, 1e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6, 1e9, 10e9];

const plain = (low, next) => (next ? `${low}-${next - 1}` : `${low}+`);
const thousands = (number) => (number >= 1_000 ? `${number / 1_000}K` : `${number}`);
const padded = (number) => String(number).padStart(5, '0');
const short = (amount) => {
  const [unit, letter] = [
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ].find(([size]) => amount >= size) ?? [1, ''];
  return `${amount / unit}${letter}`;
};

/** Lower ends of the steps, and how a step is written; `next` is the lower end of the step above, if there is one. */
const NUMBER_SCALES = [
  [SIZES, plain],
  [SIZES_OF_CRUNCHBASE, plain],
  [SIZES_OF_CRUNCHBASE, (low, next) => `c_${padded(low)}_${next ? padded(next - 1) : 'max'}`],
  [
    SIZES_OF_CLEARBIT,
    (low, next) => (next ? `${thousands(low)}-${thousands(next >= 1_000 ? next : next - 1)}` : `${thousands(low)}+`),
  ],
  [SIZES, (low, next) => (next ? [low, next - 1] : [low])],
];
const AMOUNT_SCALES = [
  [AMOUNTS, (low, next) => (next ? `$${short(low)}-$${short(next)}` : `$${short(low)}+`)],
  [AMOUNTS, (low, next) => (next ? [low, next] : [low])],
];

function inScale(scales, example, value) {
  for (const [steps, write] of scales) {
    const all = steps.map((low, place) => ({ value: write(low, steps[place + 1]), fact: low }));
    if (all.some((one) => JSON.stringify(one.value) === JSON.stringify(example)))
      return all.findLast(({ fact }) => fact <= value);
  }
  return undefined;
}

function inMap(map, example, value) {
  if (!(example in map)) return undefined;
  const steps = Object.entries(map).map(([code, number]) => ({ value: code, fact: Number(number) }));
  return steps.sort((one, other) => one.fact - other.fact).findLast(({ fact }) => fact <= value);
}

/**
 * A whole number as the example shows it: alone, as a text, shortened, or as the step of a scale that it falls into.
 */
export function number(example, value, { map = {}, times = 1, as }) {
  const step = inMap(map, example, value) ?? inScale(as === 'dollars' ? AMOUNT_SCALES : NUMBER_SCALES, example, value);
  if (step) return step;
  if (typeof example !== 'string') return { value: value / times, fact: value };
  if (/^\d+$/.test(example)) return { value: String(value / times), fact: value };
  if (/^[\d.]+[KMB]$/.test(example)) return { value: short(value), fact: value };
  throw new Error(`no scale writes ${JSON.stringify(example)}`);
}

const same = (codes) => Object.fromEntries(codes.map((code) => [code, code]));
const LEVELS = same(['owner', 'vp', 'director', 'manager', 'senior', 'entry']);
const IN_WORDS = {
  c_level: 'C-Suite',
  vp: 'Vice President',
  director: 'Director',
  manager: 'Manager',
  senior: 'Senior',
  entry: 'Entry',
};
/** Three levels: everybody above a director is an executive, nobody below a manager has one. */
const OF_CLEARBIT = { c_level: 'executive', vp: ['executive', 'c_level'], director: 'director', manager: 'manager' };
const DEPARTMENTS = {
  engineering: 'Engineering',
  finance: 'Finance',
  hr: 'Human Resources',
  it: 'Information Technology',
  marketing: 'Marketing',
  operations: 'Operations',
  sales: 'Sales',
};
const ROLES = {
  engineering: 'engineering',
  finance: 'finance',
  hr: 'human_resources',
  marketing: 'marketing',
  operations: 'operations',
  sales: 'sales',
};

/**
 * Words of each provider. A list is the word and the code that the router has to read in it, where that is not the code
 * of the world. A code without a word is one that the provider does not tell.
 */
const WORDS = {
  apollo_person: {
    seniority: { ...LEVELS, c_level: 'c_suite' },
    email_status: { valid: 'verified', risky: 'guessed', unknown: 'unavailable' },
  },
  clearbit_combined: { seniority: OF_CLEARBIT, function: { ...ROLES, it: 'information_technology' } },
  databar_person: { seniority: { ...LEVELS, c_level: 'c_suite' }, function: DEPARTMENTS },
  hunter_combined: { seniority: OF_CLEARBIT, function: ROLES },
  hunter_verifier: { email_status: { valid: 'valid', risky: 'accept_all', invalid: 'invalid', unknown: 'unknown' } },
  lusha_person: {
    seniority: { ...IN_WORDS, owner: 'Founder' },
    function: { ...DEPARTMENTS, engineering: 'Engineering & Technical' },
  },
  neverbounce: { email_status: { valid: 'valid', risky: 'catchall', invalid: 'invalid', unknown: 'unknown' } },
  pdl_person: { seniority: { ...LEVELS, c_level: 'cxo' }, function: ROLES },
  prospeo_person: { seniority: { ...IN_WORDS, owner: 'Founder' } },
  zerobounce: { email_status: { valid: 'valid', risky: 'catch-all', invalid: 'spamtrap', unknown: 'unknown' } },
  zoominfo_person: {
    seniority: {
      c_level: 'C-Level',
      vp: 'VP-Level',
      director: 'Director',
      manager: 'Manager',
      senior: 'Non-Manager',
      entry: 'Non-Manager',
    },
  },
};

/** The provider's word for a code, with the code to read in it; a provider without a list says the code itself. */
export function word(provider, as, code, map = {}) {
  const words = WORDS[provider]?.[as];
  const [value, fact = code] = [words ? words[code] : code].flat();
  if (value === undefined) return { value: null };
  return { value, fact: map[value.toLowerCase()] === '' ? undefined : fact };
}
