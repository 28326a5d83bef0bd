/** The environments of wrangler.toml: equal bindings, nothing shared, and none that is deployed by accident. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unstable_readConfig as readConfig } from 'wrangler';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (env) => readConfig({ config: `${ROOT}wrangler.toml`, env }, { hideWarnings: true });

const LOCAL = read();
const DEPLOYED = LOCAL.definedEnvironments.map(read);
const ALL = [LOCAL, ...DEPLOYED];
const label = (config) => config.targetEnvironment ?? 'this machine';

/** Fields that may differ: which environment it is, and its build. */
const OWN = ['configPath', 'userConfigPath', 'topLevelName', 'definedEnvironments', 'targetEnvironment', 'name', 'main', 'build', 'vars'];
/** Fields that name something in a Cloudflare account: a database, a queue, a namespace. */
const RESOURCES = ['id', 'database_id', 'database_name', 'queue', 'dead_letter_queue', 'namespace_id', 'bucket_name', 'dataset', 'index_name'];
const QUEUE_FIELDS = ['queue', 'dead_letter_queue'];

/** A configuration with every resource replaced by what it is for, so that two environments can be compared. */
function shape(config) {
  const prefix = `${config.name ?? 'lead-router-local'}-`;
  const own = Object.entries(config).filter(([key]) => !OWN.includes(key));
  return JSON.parse(JSON.stringify(Object.fromEntries(own)), (key, value) => {
    if (QUEUE_FIELDS.includes(key)) return value.startsWith(prefix) ? value.slice(prefix.length) : `another's: ${value}`;
    return RESOURCES.includes(key) ? 'a resource of its own' : value;
  });
}

/** Every resource that a configuration names. */
function resources(config) {
  const found = new Set([`Worker ${config.name}`]);
  JSON.stringify(config, (key, value) => {
    if (RESOURCES.includes(key)) found.add(QUEUE_FIELDS.includes(key) ? `queue ${value}` : `${key} ${value}`);
    return value;
  });
  return found;
}

test('staging and production are the environments that can be deployed', () => {
  assert.deepEqual(LOCAL.definedEnvironments.toSorted(), ['production', 'staging']);
});

test('every environment has the same bindings, limits, schedules and migrations', () => {
  for (const config of DEPLOYED) assert.deepEqual(shape(config), shape(LOCAL), label(config));
});

test('no two environments share a Worker, a queue, a database or a namespace', () => {
  const owner = new Map();
  for (const config of ALL) {
    const own = resources(config);
    assert.ok(own.size >= 10, `${label(config)} has ${own.size} resources`);
    for (const resource of own) {
      assert.equal(owner.get(resource), undefined, `${label(config)} and ${owner.get(resource)} share ${resource}`);
      owner.set(resource, label(config));
    }
  }
});

test('every queue has a producer or is one for dead letters, and every queue is consumed', () => {
  for (const { queues } of ALL) {
    const written = new Set([...queues.producers.map(({ queue }) => queue), ...queues.consumers.map((one) => one.dead_letter_queue)]);
    written.delete(undefined);
    assert.deepEqual([...written].sort(), queues.consumers.map(({ queue }) => queue).sort());
  }
});

test('every bound object has a class that a migration creates', () => {
  const created = LOCAL.migrations.flatMap((step) => step.new_sqlite_classes);
  assert.deepEqual(LOCAL.durable_objects.bindings.map((object) => object.class_name).sort(), created.sort());
});

test('every environment says which it is, and has the settings of all', () => {
  for (const config of ALL) {
    assert.equal(config.vars.STAGE, config.targetEnvironment ?? 'dev');
    for (const name of Object.keys(LOCAL.vars)) assert.ok(config.vars[name], `${label(config)} lacks ${name}`);
  }
});

test('only the optimised Worker is deployed', () => {
  assert.deepEqual([LOCAL.main, LOCAL.build.command], [`${ROOT}build/dev/index.js`, 'bash scripts/build.sh dev']);
  for (const { main, build } of DEPLOYED) {
    assert.deepEqual([main, build.command], [`${ROOT}build/release/index.js`, 'bash scripts/build.sh release']);
  }
});

for (const command of ['deploy', 'deploy --env=', 'deploy --name=lead-router', 'versions upload']) {
  test(`wrangler ${command} without an environment is refused, and says which to name`, () => {
    const { status, stdout, stderr } = spawnSync('wrangler', [...command.split(' '), '--dry-run'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', PATH: `${ROOT}node_modules/.bin:${process.env.PATH}` },
    });
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /--env staging' or 'wrangler \S.* --env production'/);
  });
}

test('this machine has no Worker name, so that no other command reaches a deployed Worker', () => {
  assert.equal(LOCAL.name, undefined);
});
