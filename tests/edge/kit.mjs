/**
 * Starts the built Worker in Miniflare with the bindings of wrangler.toml, and calls it as senders and operators do.
 * Every world has its own storage. `close` fails the test if the log shows a crash, an error that the test did not
 * expect, or personal data.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { unstable_readConfig as readConfig } from 'wrangler';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const read = (path) => readFileSync(ROOT + path, 'utf8');
export const readJson = (path) => JSON.parse(read(path));

/** The credentials of the local environment. */
export const SECRETS = Object.fromEntries(
  [...read('.dev.vars.example').matchAll(/^([A-Z_]+)="(.*)"$/gm)].map(([, name, value]) => [name, value]),
);

/** Folder of the Worker under test: the development build, or the one that WORKER_BUILD names. */
const BUILD = `${ROOT}build/${process.env.WORKER_BUILD ?? 'dev'}/`;

export const WORKER = 'lead-router';
/** What the runtime says about itself, not about the Worker. */
const PLATFORM = /^NOSENTRY /;

/** An environment of wrangler.toml as wrangler reads it; without a name the one of this machine. */
export const environment = (env) => readConfig({ config: `${ROOT}wrangler.toml`, env }, { hideWarnings: true });
const LOCAL = environment();

/** Names of the queues of this machine by their bindings, and the one for dead letters. */
export const QUEUES = {
  ...Object.fromEntries(LOCAL.queues.producers.map(({ binding, queue }) => [binding, queue])),
  DEAD_LETTERS: LOCAL.queues.consumers.find((consumer) => !consumer.dead_letter_queue).queue,
};

/** Seconds for which a queue waits for more messages: enough that a burst is one batch. */
const BATCH_TIMEOUT_S = 0.02;

/**
 * Starts a world: one Worker with its queues, objects and database.
 *
 * - `stage`: the environment of wrangler.toml, `dev` by default. Only `dev` has the secrets of .dev.vars.example.
 * - `vars`: more variables and secrets; `null` removes one.
 * - `provider`: answers every request that leaves the Worker, see people_data_labs.mjs. Without one, such a request fails.
 * - `state`: folder of the storage, to start again on it. Without one, the storage ends with the world.
 * - `jobs`: settings of the queue consumers that differ from wrangler.toml.
 * - `limits`: the rate limiters to bind, by name, each with its limit. The others are not bound and limit nothing.
 * - `instrumented`: puts instrumented_worker.js before the Worker, to count writes, move the clock, make storage fail and
 *   read the tables of objects.
 */
export async function start(options = {}) {
  const world = new World(options);
  try {
    await world.migrate();
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}

/** Polls until `check` gives something truthy, and returns that. */
export async function until(check, what, ms = 10_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`within ${ms} ms there was no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** Which account shard holds a lead. */
export function shardOfLead(leadId) {
  return `shard-${(Number.parseInt(leadId.slice(0, 2), 16) % 64).toString(16).padStart(2, '0')}`;
}

/** Which account shard holds an account (a company's domain, or a private address), or an idempotency key. */
export function shardOf(text, purpose = 'account') {
  return shardOfLead(createHmac('sha256', SECRETS.PERSON_KEY).update(`${purpose}\0${text}`).digest('hex'));
}

export class World {
  constructor(options) {
    this.options = options;
    this.logs = [];
    this.announced = [];
    this.private = new Set();
    this.provider = options.provider;
    this.mf = new Miniflare(this.miniflareOptions());
  }

  miniflareOptions() {
    const { stage = 'dev', vars = {}, state, jobs = {}, instrumented = false, limits = {} } = this.options;
    const config = stage === 'dev' ? LOCAL : environment(stage);
    const byBinding = (list, value) => Object.fromEntries(list.map((entry) => [entry.binding, value(entry)]));
    const bindings = {
      ...config.vars,
      ...(stage === 'dev' ? SECRETS : {}),
      ...this.provider?.settings,
      ...vars,
    };
    const sqlite = config.migrations.flatMap((step) => step.new_sqlite_classes);
    const objects = config.durable_objects.bindings.map(({ name, class_name: className }) => {
      return [name, { className, useSQLite: sqlite.includes(className) }];
    });
    const consumers = config.queues.consumers.map((consumer) => {
      const own = {
        maxBatchSize: consumer.max_batch_size,
        maxBatchTimeout: BATCH_TIMEOUT_S,
        maxRetries: consumer.max_retries,
        retryDelay: consumer.retry_delay,
        deadLetterQueue: consumer.dead_letter_queue,
      };
      return [consumer.queue, consumer.dead_letter_queue ? { ...own, ...jobs } : own];
    });
    return {
      cf: false,
      log: new Log(LogLevel.NONE),
      handleStructuredLogs: (line) => {
        this.logs.push(line);
      },
      unsafeInspectDurableObjects: true,
      ...(state && { defaultPersistRoot: state }),
      workers: [
        {
          name: WORKER,
          compatibilityDate: config.compatibility_date,
          modulesRoot: ROOT,
          modules: modules(instrumented && config.durable_objects.bindings),
          bindings: Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== null)),
          kvNamespaces: byBinding(config.kv_namespaces, (space) => space.id),
          d1Databases: byBinding(config.d1_databases, (database) => database.database_id),
          durableObjects: Object.fromEntries(objects),
          ratelimits: Object.fromEntries(
            config.ratelimits.filter(({ name }) => limits[name]).map(({ name, namespace_id, simple }) => {
              return [name, { namespace_id, simple: { ...simple, limit: limits[name] } }];
            }),
          ),
          queueProducers: byBinding(config.queues.producers, (producer) => ({ queueName: producer.queue })),
          queueConsumers: Object.fromEntries(consumers),
          outboundService: (request) => this.outside(request),
        },
      ],
    };
  }

  /** Answers what the Worker asks the internet. */
  async outside(request) {
    if (this.provider) return this.provider.answer(request);
    throw new Error(`nothing outside is reachable in this test, not ${new URL(request.url).host}`);
  }

  async migrate() {
    const database = await this.database();
    const tables = await database.prepare("SELECT name FROM sqlite_master WHERE name = 'decisions'").all();
    if (tables.results.length > 0) return;
    for (const file of readdirSync(`${ROOT}migrations`).sort()) {
      const text = read(`migrations/${file}`).replace(/^\s*--.*$/gm, '');
      // A trigger has a `;` inside, never at the end of a line.
      const statements = text.split(/;\s*$/m).map((statement) => statement.trim()).filter(Boolean);
      await database.batch(statements.map((statement) => database.prepare(statement)));
    }
  }

  database() {
    return this.mf.getD1Database('DB', WORKER);
  }

  /** Rows of the database. */
  async rows(query, ...values) {
    return (await (await this.database()).prepare(query).bind(...values).all()).results;
  }

  /** One request over HTTP; the answer with its text, and its JSON as `body`. `host` pretends another origin. */
  async fetch(path, { host, ...init } = {}) {
    this.url ??= (await this.mf.ready).origin;
    const send = host ? this.mf.dispatchFetch : fetch;
    // A connection of its own: the runtime closes idle ones at moments at which they may be in use again.
    const headers = { connection: 'close', ...init.headers };
    const response = await send((host ?? this.url) + path, { redirect: 'manual', ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    const body = isJson && text !== '' ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, body };
  }

  /** `POST /v1/leads`. `lead` is an object, or the body itself. */
  post(lead, { key, headers = {}, query = '', token = SECRETS.INTAKE_KEY, ...init } = {}) {
    this.remember(lead);
    return this.fetch(`/v1/leads${query}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...(key && { 'idempotency-key': key }),
        ...headers,
      },
      body: isPlain(lead) ? JSON.stringify(lead) : lead,
      ...init,
    });
  }

  /** An operator's request. */
  admin(method, path, body, { headers = {}, token = SECRETS.ADMIN_TOKEN } = {}) {
    return this.fetch(path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(isPlain(body) && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: isPlain(body) ? JSON.stringify(body) : body,
    });
  }

  /** An operator's request that has to succeed; its JSON. */
  async ask(method, path, body, options) {
    const answer = await this.admin(method, path, body, options);
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
    return answer.body;
  }

  /** A browser's form. `body` is what `fetch` takes: URLSearchParams, FormData, text. */
  form(form, body, { headers = {}, ...init } = {}) {
    if (body instanceof URLSearchParams || body instanceof FormData) this.remember(Object.fromEntries(body));
    return this.fetch(`/forms/${form}`, { method: 'POST', headers, body, ...init });
  }

  /** Names and addresses that must never be in the log. */
  remember(lead) {
    if (!isPlain(lead)) return;
    for (const field of ['email', 'first_name', 'last_name', 'name', 'phone', 'message', 'linkedin_url']) {
      if (typeof lead[field] === 'string' && lead[field].length > 3) this.private.add(lead[field].toLowerCase());
    }
  }

  /** Writes teams and reps as an operator does, reps first. */
  async roster({ reps = [], teams = [] }) {
    for (const rep of reps) await this.ask('PUT', `/v1/reps/${rep.id}`, rep);
    for (const team of teams) await this.ask('PUT', `/v1/teams/${team.id}`, team);
  }

  /** A team `smb` with so many reps `rep-0` … at work around the clock; small companies and unknown ones go there. */
  async smallWorld(count = 3, rep = {}) {
    const reps = Array.from({ length: count }, (_, index) => ({ id: `rep-${index}`, name: `Rep ${index}`, ...rep }));
    const members = reps.map(({ id }) => ({ rep_id: id, weight: 1 }));
    await this.roster({ reps, teams: [{ id: 'smb', name: 'Small business', strategy: 'fair_and_able', members }] });
    return reps;
  }

  /** The sample world, loaded the way `make run` does. */
  async seedSampleWorld() {
    const { teams, reps } = readJson('sample/roster.json');
    const withFallbackFirst = [...teams].sort((one, other) => depth(teams, one) - depth(teams, other));
    await this.roster({ reps, teams: withFallbackFirst });
    await this.ask('POST', '/v1/accounts:import', read('sample/accounts.csv'), { headers: { 'content-type': 'text/csv' } });
  }

  rep(id) {
    return this.ask('GET', `/v1/reps/${id}`);
  }

  /** Every line of the ledger, or those of one lead, the oldest first. */
  ledger(leadId) {
    return this.rows('SELECT * FROM decisions WHERE ?1 IS NULL OR lead_id = ?1 ORDER BY at_ms', leadId ?? null);
  }

  /** Waits until the ledger has `count` lines, of one lead if given, and returns them. */
  untilDrained(count, leadId, ms) {
    return until(
      async () => {
        const lines = await this.ledger(leadId);
        return lines.length >= count && lines;
      },
      `ledger with ${count} lines${leadId ? ' of the lead' : ''}`,
      ms,
    );
  }

  /** What happened to a lead, the oldest first; only what is of a kind, if given. */
  async history(leadId, kind) {
    const { events } = await this.ask('GET', `/v1/events?lead=${leadId}`);
    return events.filter((event) => !kind || event.kind === kind).reverse();
  }

  /** Rows of a account shard's or pool's own tables. */
  async objectRows(className, name, query, ...values) {
    const storage = await this.mf.unsafeGetDurableObjectStorage(WORKER, className, { name });
    return storage.exec(query, ...values);
  }

  /** What a pool answered about a lead, by the team and the question; only of the instrumented Worker. */
  picks(pool, leadId) {
    return this.objectRows('RepPool', pool, 'SELECT slot FROM answers WHERE lead_id = ?', leadId);
  }

  /** The consumer as the queue calls it, with these message bodies in one batch, for the first time or again. */
  async deliver(bodies, queue = QUEUES.JOBS, attempts = 1) {
    const worker = await this.mf.getWorker(WORKER);
    const messages = bodies.map((body, index) => {
      return { id: `test-${Date.now()}-${index}`, timestamp: new Date(), attempts, body };
    });
    return worker.queue(queue, messages);
  }

  /** Asks the instrumented Worker: `rows` written since the last time, `clock` to move on, `fail` at a place. */
  async control(what, parameters = {}) {
    const answer = await this.fetch(`/test-control/${what}?${new URLSearchParams(parameters)}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  }

  /** The message that delivers the last decision about a lead. */
  async deliveryOf(leadId) {
    const [{ body }] = await this.objectRows(
      'AccountShard',
      shardOfLead(leadId),
      'SELECT body FROM leads WHERE lead_id = ?',
      leadId,
    );
    return JSON.stringify({ deliver: { lead_id: leadId, seq: JSON.parse(body).seq, record: body } });
  }

  /** Rings the alarm of a account shard of the instrumented Worker. */
  async ring(shard) {
    const shards = await this.mf.getDurableObjectNamespace('ACCOUNT_SHARD', WORKER);
    await shards.get(shards.idFromName(shard)).fetch('https://object/test-control/alarm');
  }

  /** Says that the log may have errors with this event. */
  expectErrors(...events) {
    this.announced.push(...events);
  }

  /** The log's lines that have an `event`. */
  events(event) {
    const lines = this.logs.map(({ message }) => parsed(message)).filter(Boolean);
    return event ? lines.filter((line) => line.event === event) : lines;
  }

  checkLog() {
    for (const { level, message } of this.logs) {
      const event = parsed(message)?.event;
      assert.ok(event || PLATFORM.test(message), `a line of the log is not structured: ${message}`);
      assert.doesNotMatch(message, /Critical|Reinitializing|panicked|RuntimeError|unreachable/, 'a crash');
      if (level === 'error' && event) assert.ok(this.announced.includes(event), `an error nobody announced: ${message}`);
      assert.doesNotMatch(message, /[^\s"@]+@[^\s"@]+\.[a-z]{2,}/i, 'the log shows an address');
      const shown = [...this.private].find((text) => message.toLowerCase().includes(text));
      assert.equal(shown, undefined, `the log shows what somebody wrote: ${message}`);
    }
  }

  /** Ends the runtime. */
  async stop() {
    this.provider?.release();
    this.stopped ??= this.mf.dispose();
    await this.stopped;
  }

  async close() {
    await this.stop();
    this.checkLog();
  }
}

/** The files of the Worker. With the objects it binds, the instrumented one, which stands before it. */
function modules(objects) {
  const built = [
    { type: 'ESModule', path: `${BUILD}index.js` },
    { type: 'CompiledWasm', path: `${BUILD}index_bg.wasm` },
  ];
  if (!objects) return built;
  const classes = objects.map(({ class_name: name }) => `export const ${name} = watched('${name}');`);
  const contents = [read('tests/edge/instrumented_worker.js'), ...classes].join('\n');
  // Named as a neighbour of the build, so that it can import it.
  return [{ type: 'ESModule', path: `${BUILD}instrumented_worker.js`, contents }, ...built];
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPlain(value) {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

function depth(teams, team) {
  const next = teams.find(({ id }) => id === team.fallback_team);
  return next ? 1 + depth(teams, next) : 0;
}
