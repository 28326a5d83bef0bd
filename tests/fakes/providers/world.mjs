/**
 * The companies and people that the farm's providers know about. Nobody in it exists: all domains end in `.example`,
 * private addresses contain a hyphen, which that mail service does not allow.
 *
 * A company and a person hold their facts under the paths of the router (`company.employees`, `person.title`), in the
 * router's spelling; what providers call an industry or a country stands beside them.
 */
import { chance, normal, pick } from './random.mjs';

/**
 * Sizes are log-normal. The two numbers follow from the base rates of `rubric.json`: 4 of 100 companies have 5,000
 * people or more, a quarter 200 or more, a fifth fewer than five.
 */
const EMPLOYEES_MEDIAN = 38;
const EMPLOYEES_SIGMA = 2.7;
const EMPLOYEES_MAX = 400_000;
/** Revenue per head in US dollars, half of the companies above it, and how far it spreads. An assumption. */
const REVENUE_PER_HEAD = 160_000;
const REVENUE_SIGMA = 0.7;
/** The smallest revenue of a company in the world: below it no provider tells ranges apart. */
const REVENUE_MIN = 1_000_000;
/** Share of companies that raised money, and of people who write from a private address. Assumptions. */
const FUNDED = 0.15;
const PRIVATE = 0.12;

const STEMS = `Brell Corvin Dunmar Elster Farrow Gravel Hollin Ivern Jorvik Kestrel Lumen Marlow
  Nordal Orrin Pellam Quill Ravel Solway Tarn Umber Verrin Wexley Yarrow Zellan`.split(/\s+/);
const ENDS = 'feld works tech mark gate port haus line'.split(' ');
const INDUSTRIES = [
  ['software', 'Computer Software'],
  ['industrial', 'Machinery'],
  ['banking', 'Financial Services'],
  ['healthcare', 'Medical Devices'],
  ['logistics', 'Logistics and Supply Chain'],
  ['education', 'Higher Education'],
  ['business_services', 'Management Consulting'],
  ['retail', 'Supermarkets'],
  ['media', 'Publishing'],
  ['energy', 'Oil and Energy'],
  ['telecom', 'Telecommunications'],
  ['real_estate', 'Commercial Real Estate'],
];
const COUNTRIES = [
  ['us', 'United States', 'Ohio'],
  ['de', 'Germany', 'Bavaria'],
  ['gb', 'United Kingdom', 'Kent'],
  ['fr', 'France', 'Brittany'],
  ['no', 'Norway', 'Vestland'],
  ['in', 'India', 'Kerala'],
  ['br', 'Brazil', 'Bahia'],
  ['ch', 'Switzerland', 'Aargau'],
  ['au', 'Australia', 'Victoria'],
  ['es', 'Spain', 'Galicia'],
];
const COUNTRY_WEIGHTS = [40, 14, 9, 6, 4, 6, 4, 4, 4, 4];
const TOOLS = 'hubspot nginx pipedrive react salesforce shopify stripe wordpress zendesk'.split(' ');
const TITLES = [
  ['Chief Executive Officer', 'c_level', undefined],
  ['Chief Financial Officer', 'c_level', 'finance'],
  ['VP Sales', 'vp', 'sales'],
  ['VP Engineering', 'vp', 'engineering'],
  ['Director of Marketing', 'director', 'marketing'],
  ['Head of Operations', 'director', 'operations'],
  ['Director of Human Resources', 'director', 'hr'],
  ['Marketing Manager', 'manager', 'marketing'],
  ['IT Manager', 'manager', 'it'],
  ['Sales Manager', 'manager', 'sales'],
  ['Senior Software Engineer', 'senior', 'engineering'],
  ['Senior Accountant', 'senior', 'finance'],
  ['Junior Developer', 'entry', 'engineering'],
  ['Sales Trainee', 'entry', 'sales'],
  ['Founder', 'owner', undefined],
];
const TITLE_WEIGHTS = [4, 3, 3, 3, 5, 5, 4, 12, 6, 12, 10, 8, 8, 7, 5];
const FIRST_NAMES = 'Ada Bruno Celia Dario Edith Farid Greta Hugo Ilse Jonah Kira Lars'.split(' ');
const LAST_NAMES = 'Albrecht Bellamy Carver Dimitrov Engel Fontaine Garrick Holm Iversen Jansen'.split(' ');
const EMAIL_STATUS = ['valid', 'risky', 'invalid', 'unknown'];
const EMAIL_WEIGHTS = [82, 9, 6, 3];

/** Three significant digits, as figures are published; a short form such as `12.5M` then says all of them. */
const rounded = (value) => Number(value.toPrecision(3));

export class World {
  /**
   * - `seed`: names the world; the same seed gives the same one.
   * - `companies`, `people`: how many, people by company.
   * - `known`: companies by domain that exist elsewhere, such as in the account directory; facts given there count.
   */
  constructor({ seed = 'farm', companies = 100, people = 1, known = [] } = {}) {
    this.seed = seed;
    this.byDomain = new Map();
    this.byName = new Map();
    this.people = [];
    for (const company of known)
      this.add({ ...this.company(company.domain, company['company.name']), ...company }, people);
    for (let index = 0; index < companies; index += 1) {
      const name = `${pick(STEMS, null, seed, 'stem', index)}${pick(ENDS, null, seed, 'end', index)} ${index + 1}`;
      this.add(this.company(`${name.toLowerCase().replace(' ', '-')}.example`, name), people);
    }
  }

  get companies() {
    return [...this.byDomain.values()];
  }

  /** The person whom a provider was asked about by profile, address, or name and domain; `undefined` when nobody is. */
  person({ linkedin_url: profile, email, first_name: first, last_name: last, domain }) {
    return [profile, email, domain && `${first} ${last} @ ${domain}`.toLowerCase()]
      .map((key) => key && this.byName.get(key))
      .find(Boolean);
  }

  add(company, people) {
    if (this.byDomain.has(company.domain)) return;
    this.byDomain.set(company.domain, company);
    for (let index = 0; index < people; index += 1) {
      const person = this.employee(company, index);
      this.people.push(person);
      const { linkedin_url: profile, email, first_name: first, last_name: last } = person;
      for (const key of [profile, email, `${first} ${last} @ ${company.domain}`.toLowerCase()])
        this.byName.set(key, person);
    }
  }

  company(domain, name) {
    const at = (what) => [this.seed, what, domain];
    const size = Math.exp(Math.log(EMPLOYEES_MEDIAN) + EMPLOYEES_SIGMA * normal(...at('size')));
    const employees = Math.max(1, Math.min(EMPLOYEES_MAX, Math.round(size)));
    const revenue = employees * REVENUE_PER_HEAD * Math.exp(REVENUE_SIGMA * normal(...at('revenue')));
    const [industry, industryName] = pick(INDUSTRIES, null, ...at('industry'));
    const [country, countryName, region] = pick(COUNTRIES, COUNTRY_WEIGHTS, ...at('country'));
    const isFunded = chance(...at('is funded')) < FUNDED;
    const funding = 2_000_000 * Math.exp(1.4 * Math.abs(normal(...at('funding'))));
    return {
      domain,
      industryName,
      countryName,
      'company.domain': domain,
      'company.name': name,
      'company.employees': employees,
      'company.revenue_usd': Math.max(REVENUE_MIN, rounded(revenue)),
      'company.industry': industry,
      'company.country': country,
      'company.region': region.toLowerCase(),
      'company.founded_year': 2020 - Math.floor(90 * chance(...at('year')) ** 2),
      'company.funding_usd': isFunded ? rounded(funding) : undefined,
      'company.technologies': TOOLS.filter((tool) => chance(...at('tools'), tool) < 0.3),
    };
  }

  employee(company, index) {
    const at = (what) => [this.seed, what, company.domain, index];
    const start = Math.floor(FIRST_NAMES.length * chance(this.seed, 'first name', company.domain));
    const first = FIRST_NAMES[(start + index) % FIRST_NAMES.length];
    const last = `${pick(LAST_NAMES, null, ...at('last name'))}${index < FIRST_NAMES.length ? '' : '-Moss'}`;
    const [title, seniority, role] = pick(TITLES, TITLE_WEIGHTS, ...at('title'));
    const slug = `${first}-${last}-${company.domain.replaceAll('.', '-')}-${index}`.toLowerCase();
    const isPrivate = chance(...at('is private')) < PRIVATE;
    const workEmail = `${first}.${last}.${index}@${company.domain}`.toLowerCase();
    return {
      company,
      isPrivate,
      slug,
      first_name: first,
      last_name: last,
      email: isPrivate ? `${slug}@gmail.com` : workEmail,
      workEmail,
      'person.work_email': workEmail,
      linkedin_url: `linkedin.com/in/${slug}`,
      'person.title': title,
      'person.seniority': seniority,
      'person.function': role,
      'person.employer_domain': company.domain,
      'person.email_status': pick(EMAIL_STATUS, EMAIL_WEIGHTS, ...at('email status')),
    };
  }
}

/** How large a company is among the others, as a number of the standard normal distribution. */
export function rank(company) {
  return (Math.log(company['company.employees'] ?? EMPLOYEES_MEDIAN) - Math.log(EMPLOYEES_MEDIAN)) / EMPLOYEES_SIGMA;
}
