/**
 * What each provider knows of the world: which subjects, and which fields of them.
 *
 * Every figure here is an assumption, chosen so that providers differ as such providers do: none of them is a
 * measurement of a vendor. Replace them by your own before you read a vendor's quality out of a result.
 */
import { below, chance, normal } from './random.mjs';
import { rank } from './world.mjs';

/** Share of the companies or people of the world that a provider knows. */
export const COVERAGE = {
  abstract_company: 0.6,
  apollo_company: 0.75,
  apollo_person: 0.65,
  brightdata_person: 0.7,
  builtwith: 0.8,
  clearbit_combined: 0.55,
  crunchbase: 0.4,
  databar_company: 0.85,
  databar_person: 0.75,
  fullcontact_company: 0.5,
  fullcontact_person: 0.45,
  hunter_combined: 0.5,
  hunter_company: 0.6,
  hunter_verifier: 0.95,
  icypeas_person: 0.6,
  lusha_person: 0.55,
  neverbounce: 0.97,
  pdl_company: 0.75,
  pdl_person: 0.6,
  prospeo_person: 0.6,
  zerobounce: 0.97,
  zoominfo_company: 0.7,
  zoominfo_person: 0.55,
};
const COVERAGE_OF_OTHERS = 0.6;

/** What decides whether a subject is known: its company's size, itself, and the provider. Squares add up to 1. */
const BY_SIZE = 0.65;
const BY_SUBJECT = 0.5;
const BY_PROVIDER = Math.sqrt(1 - BY_SIZE ** 2 - BY_SUBJECT ** 2);
/** People of large companies are better known, but less so than the companies. */
const PERSON_BY_SIZE = 0.4;
const PERSON_BY_PROVIDER = Math.sqrt(1 - PERSON_BY_SIZE ** 2 - BY_SUBJECT ** 2);

/** Share of records in which a field is missing; a field that is not named is in every record. */
const GAPS = {
  'company.employees': 0.05,
  'company.revenue_usd': 0.35,
  'company.industry': 0.07,
  'company.country': 0.05,
  'company.region': 0.2,
  'company.founded_year': 0.25,
  'company.funding_usd': 0.2,
  'company.technologies': 0.15,
  'person.title': 0.1,
  'person.seniority': 0.12,
  'person.function': 0.15,
};
/** Share of records in which the first place of a field is empty and a further one, such as a range, is not. */
const COARSE = 0.1;

/** Whether a provider knows a company or a person. */
export function knows(provider, subject, seed) {
  const share = COVERAGE[provider] ?? COVERAGE_OF_OTHERS;
  const key = subject.email ?? subject.domain;
  const [bySize, byProvider] = subject.company ? [PERSON_BY_SIZE, PERSON_BY_PROVIDER] : [BY_SIZE, BY_PROVIDER];
  const fame =
    bySize * rank(subject.company ?? subject) +
    BY_SUBJECT * normal(seed, 'fame', key) +
    byProvider * normal(seed, 'fame', key, provider);
  return below(fame) > 1 - share;
}

/** Whether a field is missing in a provider's record. */
export function lacks(provider, subject, path, seed) {
  return chance(seed, 'gap', subject.email ?? subject.domain, provider, path) < (GAPS[path] ?? 0);
}

/** Whether only the further places of a field are filled. */
export function isCoarse(provider, subject, path, seed) {
  return chance(seed, 'coarse', subject.email ?? subject.domain, provider, path) < COARSE;
}
