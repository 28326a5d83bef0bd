// The leads of the provider bench. Who they are is the farm's world; what they write is seeded, like everything else.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chance, pick } from '../../tests/fakes/providers/random.mjs';
import { World } from '../../tests/fakes/providers/world.mjs';
import { root } from '../config.mjs';

/**
 * The mix of the early-stop run. Shares are assumptions about inbound leads of a business that has a directory: a good
 * third comes from companies that it lists, two people each from the others, one of eight writes from a private address
 * (world.mjs), and one of eight has written before.
 */
const AT_LISTED_COMPANY = 0.35;
const STATES_TITLE = 0.75;
const STATES_EMPLOYEES = 0.25;
const STATES_COUNTRY = 0.85;
const GIVES_PROFILE = 0.3;
const LOOKS_FOR_JOB = 0.02;
const WRITES_AGAIN = 0.12;

const FORMS = ['demo', 'contact', 'pricing', 'webinar'];
const SOURCES = ['website', 'google_ads', 'event', 'partner', 'referral'];
const SOURCE_WEIGHTS = [55, 25, 8, 4, 8];
const MESSAGES = [
  'We need a replacement for our current tool by the end of the quarter.',
  'Please call me about pricing for forty users.',
  'Could you show a demo to our team next week?',
  'I have a question about the security documents.',
  'hi',
];
const JOB_MESSAGE = 'I would like to apply for a job in your sales team.';

/** What everybody states: who they are, and a profile when they write from a private address. */
export function plain(person, { message = MESSAGES[0], form = 'demo', profile = person.isPrivate } = {}) {
  const { company } = person;
  return {
    email: person.email,
    first_name: person.first_name,
    last_name: person.last_name,
    company: company['company.name'],
    ...(profile && { linkedin_url: `https://www.${person.linkedin_url}` }),
    message,
    form,
    source: 'website',
  };
}

/** A lead of the mix. */
function mixed(person, seed) {
  const at = (what) => [seed, what, person.slug];
  const does = (what, share) => chance(...at(what)) < share;
  const { company } = person;
  const lead = plain(person, {
    message: does('job', LOOKS_FOR_JOB) ? JOB_MESSAGE : pick(MESSAGES, null, ...at('message')),
    form: pick(FORMS, null, ...at('form')),
    profile: person.isPrivate || does('profile', GIVES_PROFILE),
  });
  return {
    ...lead,
    source: pick(SOURCES, SOURCE_WEIGHTS, ...at('source')),
    ...(does('title', STATES_TITLE) && { title: person['person.title'] }),
    ...(does('employees', STATES_EMPLOYEES) && { employees: company['company.employees'] }),
    ...(does('country', STATES_COUNTRY) && { country: company['company.country'].toUpperCase() }),
  };
}

/** The companies of the sample directory as the world has them: the same facts, as far as the directory knows them. */
function listed() {
  const countries = new Intl.DisplayNames(['en'], { type: 'region' });
  const [, ...lines] = readFileSync(join(root, 'sample/accounts.csv'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [domain, name, employees, revenue, industry, country] = line.split(',');
    return {
      domain,
      'company.name': name,
      ...(employees && { 'company.employees': Number(employees) }),
      ...(revenue && { 'company.revenue_usd': Number(revenue) }),
      ...(industry && { 'company.industry': industry, industryName: industry.replaceAll('_', ' ') }),
      ...(country && { 'company.country': country.toLowerCase(), countryName: countries.of(country) }),
    };
  });
}

/** Where each lead stands is drawn, so that those who write again do so at any time after their first lead or before it. */
const turned = (leads, seed) =>
  leads
    .map((lead, place) => [chance(seed, 'place', place), lead])
    .sort(([a], [b]) => a - b)
    .map(([, lead]) => lead);

/** So many leads of the mix, with the world that they are of. The sample leads come first. */
export function mix(count, seed) {
  const known = listed();
  const atListed = Math.round(count * AT_LISTED_COMPANY);
  const companies = Math.ceil((count - atListed) / 2);
  const world = new World({ seed, companies, people: Math.max(2, Math.ceil(atListed / known.length)), known });
  const isListed = new Set(known.map(({ domain }) => domain));
  const some = (wanted, most) =>
    shuffled(world.people.filter(({ company }) => isListed.has(company.domain) === wanted)).slice(0, most);
  const shuffled = (people) =>
    people
      .map((one) => [chance(seed, 'turn', one.slug), one])
      .sort(([a], [b]) => a - b)
      .map(([, one]) => one);
  const people = shuffled([...some(true, atListed), ...some(false, count - atListed)]);
  const first = Math.ceil((people.length * (1 - WRITES_AGAIN)));
  // Somebody who has written before, with something else to say.
  const again = people.slice(first).map((_, place) => people[Math.floor(chance(seed, 'again', place) * first)]);
  const samples = readdirSync(join(root, 'sample/leads'))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(root, 'sample/leads', name), 'utf8')));
  const leads = [
    ...people.slice(0, first).map((person) => mixed(person, seed)),
    ...again.map((person, place) => ({ ...mixed(person, seed), message: `Writing again (${place + 1}).` })),
  ];
  return { world, leads: [...samples, ...turned(leads, seed)].slice(0, count) };
}
