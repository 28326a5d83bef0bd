/**
 * People Data Labs as it is documented: `GET` or `POST` of `/v5/person/enrich` and `/v5/company/enrich`, a person in
 * `data`, a company flat, a miss as 404. It can be slow, fail, or say nothing at all.
 */
import { Response } from 'miniflare';

const JSON_HEADERS = { 'content-type': 'application/json', 'x-ratelimit-remaining': "{'minute': 99}" };

export class PeopleDataLabs {
  /** `people` by LinkedIn profile or address, `companies` by website. */
  constructor({ people = {}, companies = {} } = {}) {
    this.people = people;
    this.companies = companies;
    this.settings = { PDL_API_KEY: 'key-of-the-test' };
    this.calls = [];
    this.latencyMs = 0;
    this.status = 200;
    this.hanging = null;
    this.letGo = () => {};
  }

  /** From here on no question is answered until `release`. */
  hang() {
    this.hanging ??= new Promise((resolve) => {
      this.letGo = resolve;
    });
  }

  release() {
    this.letGo();
    this.hanging = null;
  }

  async answer(request) {
    const url = new URL(request.url);
    const body = request.method === 'POST' ? await request.json() : {};
    const question = { ...Object.fromEntries(url.searchParams), ...body };
    this.calls.push({ path: url.pathname, question });
    await this.hanging;
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    const key = request.headers.get('x-api-key') ?? question.api_key;
    if (url.host !== 'api.peopledatalabs.com') return error(404, 'not_found', 'no such host');
    if (key !== this.settings.PDL_API_KEY) return error(401, 'authentication_error', 'invalid key');
    if (this.status !== 200) return error(this.status, 'error', 'as the test wants');
    if (url.pathname === '/v5/person/enrich') return person(this.people, question);
    if (url.pathname === '/v5/company/enrich') return company(this.companies, question);
    return error(404, 'not_found', 'no such route');
  }

  count(path) {
    return this.calls.filter((call) => call.path.includes(path)).length;
  }
}

/** How sure every match is, of 10; a question that wants to be surer gets nothing. */
const LIKELIHOOD = 8;

function person(people, { profile, email, min_likelihood: least = 2 }) {
  const slug = profile?.replace(/^(https?:\/\/)?(www\.)?/, '').replace(/\/$/, '');
  const data = people[slug] ?? people[email];
  const found = data && LIKELIHOOD >= least;
  return found ? ok({ status: 200, likelihood: LIKELIHOOD, data: { ...PERSON, ...data } }) : missing('person');
}

function company(companies, { website }) {
  const data = companies[website?.replace(/^(https?:\/\/)?(www\.)?/, '')];
  return data ? ok({ status: 200, likelihood: LIKELIHOOD, ...data }) : missing('company');
}

/** Fields whose type depends on the plan: `true` says that the value exists and is not included. */
const PERSON = { work_email: true, mobile_phone: true, phone_numbers: true, location_name: true, emails: true };

const ok = (body) => new Response(JSON.stringify(body), { headers: JSON_HEADERS });
const missing = (what) => error(404, 'not_found', `no ${what} matched the question`);

function error(status, type, message) {
  return new Response(JSON.stringify({ status, error: { type, message } }), { status, headers: JSON_HEADERS });
}
