/**
 * All HTTP providers that ship, played by one server on this machine in their documented formats.
 *
 * What a provider is asked and what it answers comes from its description and its recorded pairs; what is true comes
 * from the world; what a provider knows of it from coverage.mjs; how long it takes and how often it fails from the
 * weather. Providers of one vendor share a setting for their address, so each vendor has a folder: `PDL_BASE_URL` is
 * `http://127.0.0.1:PORT/pdl`.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { knows } from './coverage.mjs';
import { Question, keyOf } from './question.mjs';
import { record, retold } from './record.mjs';
import { NONE, draw } from './weather.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(ROOT + path, 'utf8'));

/** How long a provider that works on a question needs to say so, in milliseconds, when the weather has any latency. */
const ROUND_TRIP_MS = 50;
/**
 * A provider that answers at once or says `not yet` says so when the answer takes longer than this, in milliseconds.
 */
const QUEUED_FROM_MS = 2_000;

/** Hosts that hold the connection until they know, instead of saying `not yet`. */
const HOLDS = /-stream\./;

/** The descriptions that ship, by id. */
export const DESCRIPTIONS = Object.fromEntries(
  readdirSync(`${ROOT}providers`)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const description = readJson(`providers/${name}`);
      return [description.id, description];
    }),
);

const vendorOf = ({ base_url_setting: setting }) => setting.replace(/_BASE_URL$/, '').toLowerCase();

/** The token that stands for a name and a password. */
const tokenFor = (key) => `token-for-${Buffer.from(key).toString('hex')}`;

/** One provider as it is played. */
function played(description) {
  const pair = (name) => readJson(`tests/golden/providers/${description.id}/${name}.json`);
  const hasJob = Boolean(description.poll?.request);
  const first = pair(hasJob ? 'submitted' : 'found');
  return {
    description,
    vendor: vendorOf(description),
    question: new Question(description, first),
    found: hasJob ? pair('done') : first,
    poll: hasJob ? new Question(description, pair('pending')) : null,
    submitted: hasJob ? first : null,
    pending: description.poll && !HOLDS.test(description.base_url) ? pair('pending') : null,
    not_found: pair('not_found'),
    bad_key: pair('bad_key'),
    fault: pair('fault'),
    throttled: pair('throttled'),
    token: description.auth.token && { ready: pair('token'), refused: pair('token_refused') },
  };
}

export class Farm {
  /** Starts a farm. `weather` is that of all providers, `seed` names what they know and how they fare. */
  static async start({ world, weather = NONE, seed = 'farm', port = 0 }) {
    const farm = new Farm();
    Object.assign(farm, { world, weather, seed });
    farm.providers = Object.values(DESCRIPTIONS).map(played);
    farm.keys = Object.fromEntries(
      Object.values(DESCRIPTIONS).map(({ key_setting: setting, auth }) => [
        setting,
        auth.token ? `name of ${setting}:password of ${setting}` : `key of ${setting}`,
      ]),
    );
    farm.downs = new Map();
    farm.reset();
    farm.server = createServer((request, response) => farm.receive(request, response));
    // The Worker may take a connection again at any later moment of a test.
    farm.server.keepAliveTimeout = 60_000;
    await new Promise((resolve) => farm.server.listen(port, '127.0.0.1', resolve));
    farm.port = farm.server.address().port;
    return farm;
  }

  /** Settings of a Worker that asks these providers, by default all: where they are, and their keys. */
  settings(ids = Object.keys(DESCRIPTIONS)) {
    return Object.fromEntries(
      ids.flatMap((id) => {
        const { base_url_setting: base, key_setting: key } = DESCRIPTIONS[id];
        return [
          [base, `http://127.0.0.1:${this.port}/${vendorOf(DESCRIPTIONS[id])}`],
          [key, this.keys[key]],
        ];
      }),
    );
  }

  /** Forgets what was asked. The same questions in the same order then have the same fates again. */
  reset() {
    this.asked = {};
    this.tries = new Map();
    this.jobs = new Map();
    this.waiting = new Map();
  }

  /** Requests to a provider, or to all. `unknown` counts those that nobody documents; by path they are in `asked`. */
  calls(id) {
    const count = (paths) => Object.values(paths ?? {}).reduce((sum, number) => sum + number, 0);
    return id ? count(this.asked[id]) : Object.values(this.asked).reduce((sum, paths) => sum + count(paths), 0);
  }

  /** From now on every question to a provider fails: `fault` is answered so at once, `never` is not answered at all. */
  down(id, fate = 'fault') {
    this.downs.set(id, fate);
  }

  up(id) {
    this.downs.delete(id);
  }

  /** The facts that a provider has about a subject of the world; `null` when it does not know it. */
  facts(id, subject) {
    const { description, found } = this.providers.find((provider) => provider.description.id === id);
    if (!knows(id, subject, this.seed)) return null;
    const { facts } = record(description, found, subject, this.seed);
    return Object.keys(facts).length > 0 ? facts : null;
  }

  async close() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async receive(request, response) {
    let text = '';
    for await (const part of request) text += part;
    const url = new URL(request.url, 'http://farm');
    const [, vendor, ...rest] = url.pathname.split('/');
    const { method, headers } = request;
    const asked = { method, headers, path: `/${rest.join('/')}`, query: [...url.searchParams], body: parsed(text) };
    const exchanged = this.exchange(vendor, asked);
    if (exchanged) return send(response, exchanged.status, exchanged.json);
    const route = this.route(vendor, asked);
    this.count(route, asked);
    if (!route) return send(response, 400, { error: 'this is not a documented request' });
    const fate = this.downs.get(route.provider.description.id);
    if (fate) return this.fail(route.provider, fate, response);
    const answer = this.answer(route, asked);
    if (answer.fate) return this.fail(route.provider, answer.fate, response, answer.ms);
    return send(response, answer.status, answer.json ?? answer.text, answer.ms);
  }

  /** The answer to a request for a token, in exchange for name and password. */
  exchange(vendor, { method, path, body }) {
    const isAsked = ({ token, description: { auth } }) =>
      token && auth.token.request.method === method && auth.token.request.path === path;
    const provider = this.providers.find((one) => one.vendor === vendor && isAsked(one));
    if (!provider) return null;
    const { ready, refused } = provider.token;
    const key = this.keys[provider.description.key_setting];
    const [name, password] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)];
    const given = Object.values(body ?? {});
    if (!given.includes(name) || !given.includes(password)) return told(refused);
    const text = JSON.stringify(ready.response.json).replaceAll(ready.expect.token, tokenFor(key));
    return { status: ready.response.status, json: JSON.parse(text) };
  }

  /** Which provider a request is for, and the names in it. */
  route(vendor, asked) {
    for (const provider of this.providers.filter((one) => one.vendor === vendor)) {
      const names = provider.question.read(asked);
      if (names) return { provider, names, path: asked.path };
      const job = provider.poll?.read(asked);
      const known = job && this.jobs.get(job.job);
      if (known?.provider === provider)
        return { provider, names: job, path: provider.description.poll.request.path, job: known };
    }
    return undefined;
  }

  count(route, { path }) {
    const paths = (this.asked[route?.provider.description.id ?? 'unknown'] ??= {});
    paths[route?.path ?? path] = (paths[route?.path ?? path] ?? 0) + 1;
  }

  answer(route, asked) {
    const { description, bad_key: badKey } = route.provider;
    const key = this.keys[description.key_setting];
    if (keyOf(description, asked) !== (description.auth.token ? tokenFor(key) : key)) return told(badKey);
    return route.job ? this.later(route) : this.first(route);
  }

  /** The answer to a first question: what the provider knows, a job, or that it still looks. */
  first({ provider, names }) {
    const { description } = provider;
    const about = JSON.stringify(names);
    const readyAt = this.waiting.get(description.id + about);
    if (readyAt > performance.now()) return { ...told(provider.pending), ms: this.roundTrip() };
    if (this.waiting.delete(description.id + about)) return { ...this.result(provider, names), ms: this.roundTrip() };
    const drawn = this.draw(description.id, about);
    if (drawn.fate !== 'answer') return drawn;
    const doneAt = performance.now() + drawn.ms;
    if (provider.submitted) return this.submit(provider, names, doneAt);
    if (!provider.pending || drawn.ms < QUEUED_FROM_MS) return { ...this.result(provider, names), ms: drawn.ms };
    this.waiting.set(description.id + about, doneAt);
    return { ...told(provider.pending), ms: this.roundTrip() };
  }

  submit(provider, names, readyAt) {
    const job = `job-${this.jobs.size + 1}`;
    this.jobs.set(job, { provider, names, readyAt });
    return {
      status: provider.submitted.response.status,
      json: retold(provider.submitted, { job }),
      ms: this.roundTrip(),
    };
  }

  later({ provider, names, job }) {
    const { pending } = provider;
    if (performance.now() < job.readyAt) {
      return { status: pending.response.status, json: retold(pending, names), ms: this.roundTrip() };
    }
    return { ...this.result(provider, job.names, names.job), ms: this.roundTrip() };
  }

  /** What a provider knows about the subject with these names. */
  result({ description, found, not_found: miss }, names, job) {
    const subject = description.kind === 'person' ? this.world.person(names) : this.world.byDomain.get(names.domain);
    if (!subject || !knows(description.id, subject, this.seed)) {
      return { status: miss.response.status, json: retold(miss, { job, subject }), text: miss.response.text };
    }
    const { json } = record(description, found, subject, this.seed);
    return {
      status: found.response.status,
      json: job ? JSON.parse(JSON.stringify(json).replaceAll(found.job, job)) : json,
    };
  }

  draw(id, about) {
    const number = (this.tries.get(id + about) ?? 0) + 1;
    this.tries.set(id + about, number);
    return draw(this.weather, this.seed, id, about, number);
  }

  /** Answers as the provider does when something is wrong with it, or not at all. */
  fail(provider, fate, response, ms = 0) {
    if (fate === 'never') return;
    const { status, json, text } = provider[fate].response;
    send(response, status, json ?? text, ms);
  }

  roundTrip() {
    return this.weather.median_ms > 0 ? ROUND_TRIP_MS : 0;
  }
}

/** A recorded answer as it stands. */
const told = ({ response: { status, json, text } }) => ({ status, json, text });

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function send(response, status, content = '', ms = 0) {
  const isText = typeof content === 'string';
  const headers = { 'content-type': isText ? 'text/plain' : 'application/json' };
  const answer = () => response.writeHead(status, headers).end(isText ? content : JSON.stringify(content));
  // Answers that take no time do not wait for a timer, which takes a millisecond.
  if (ms > 0) setTimeout(answer, ms);
  else answer();
}
