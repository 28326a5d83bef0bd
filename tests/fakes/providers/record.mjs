/**
 * A provider's answer about a subject: its recorded example with the world's values in the places that its description
 * names, and the facts that the router has to read in it.
 */
import { isCoarse, lacks } from './coverage.mjs';
import { find, plant } from './pointer.mjs';
import { number, word } from './words.mjs';

/**
 * - `description`, `pair`: the provider, and its recorded pair of a record that was found.
 * - `subject`: a person, or a company, of the world.
 */
export function record(description, pair, subject, seed) {
  const company = subject.company ?? subject;
  const names = identity(pair, subject, company);
  const example = pair.response.json;
  const json = renamed(example, names);
  const planted = new Map();
  for (const [path, field] of Object.entries(description.fields)) {
    const own = field.from.filter((pointer) => !planted.has(pointer) && find(example, pointer).length > 0);
    const value = lacks(description.id, subject, path, seed) ? undefined : (subject[path] ?? company[path]);
    const coarse = own.length > 1 && isCoarse(description.id, subject, path, seed);
    for (const [place, pointer] of own.entries()) {
      const isEmpty = value === undefined || (coarse && place === 0);
      const said = isEmpty
        ? { value: null }
        : encoded(description, path, find(example, pointer), value, subject, names);
      plant(json, pointer, said.value ?? (field.as === 'set' ? [] : null));
      planted.set(pointer, { path, ...said });
    }
  }
  return { json, facts: facts(description, planted, subject, company) };
}

/**
 * What the router has to read: of every field the first place that says something. A title also says level and
 * department.
 */
function facts(description, planted, subject, company) {
  const read = {};
  for (const [path, field] of Object.entries(description.fields)) {
    for (const pointer of field.from) {
      const said = planted.get(pointer);
      if (said?.value === undefined || said.value === null) continue;
      const fact = said.path === path ? said.fact : (subject[path] ?? company[path]);
      if (fact === undefined || fact?.length === 0) continue;
      read[path] = fact;
      break;
    }
  }
  return read;
}

function encoded(description, path, [example], value, subject, names) {
  const company = subject.company ?? subject;
  const field = description.fields[path];
  const like = (text) => (isLower(example) ? text.toLowerCase() : text);
  const text = (words) => ({ value: Array.isArray(example) ? [like(words)] : like(words), fact: value });
  switch (field.as) {
    case 'number':
    case 'dollars':
      return number(example, value, field);
    case 'country':
      return /^[A-Z]{2}$/.test(example) ? { value: value.toUpperCase(), fact: value } : text(company.countryName);
    case 'industry':
      return text(company.industryName);
    case 'domain':
      return { value: example.includes('@') ? subject.workEmail : renamed(example, names), fact: value };
    case 'seniority':
    case 'function':
    case 'email_status': {
      const said = word(description.id, field.as, value, field.map);
      return Array.isArray(example) && said.value !== null ? { ...said, value: [said.value] } : said;
    }
    case 'lower':
      return { value: isLower(example) ? value : capital(value), fact: value };
    case 'set':
      return { value: isLower(example) ? value : value.map(capital), fact: value };
    case 'year':
      return { value, fact: value };
    default:
      return text(value);
  }
}

const capital = (text) => text.replace(/^./, (letter) => letter.toUpperCase());
const isLower = (example) => String(example) === String(example).toLowerCase();

/** The names of the recorded subject and those to put in their place, the longest first. */
function identity({ contact, known, expect }, subject, company) {
  const facts = { ...known, ...expect.facts };
  const recorded = [
    [contact.email, subject.email],
    [contact.linkedin_url?.split('/').at(-1), subject.slug],
    [facts['company.domain'] ?? facts['person.employer_domain'] ?? contact.email?.split('@')[1], company.domain],
    [contact.name, `${subject.first_name} ${subject.last_name}`],
    [contact.first_name, subject.first_name],
    [contact.last_name, subject.last_name],
    [facts['company.name'], company['company.name']],
  ];
  return recorded
    .filter(([from, to]) => from && to)
    .flatMap((pair) => [pair, pair.map((name) => name.toLowerCase())])
    .sort((one, other) => other[0].length - one[0].length);
}

/** A copy of JSON in which the recorded subject's names are replaced wherever they stand. */
function renamed(json, names) {
  if (typeof json === 'string') {
    const found = names.find(([from]) => json.includes(from));
    return found ? json.replaceAll(...found) : json;
  }
  if (Array.isArray(json)) return json.map((item) => renamed(item, names));
  if (json === null || typeof json !== 'object') return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, renamed(value, names)]));
}

/** A recorded answer about nobody in particular, with another job and the names of another subject. */
export function retold(pair, { job, subject } = {}) {
  const names = subject ? identity(pair, subject, subject.company ?? subject) : [];
  const recorded = pair.job ?? pair.expect.job;
  return renamed(pair.response.json, job && recorded ? [[recorded, job], ...names] : names);
}
