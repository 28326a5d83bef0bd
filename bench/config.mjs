// Turns wrangler.toml into a configuration for `workerd serve`, with stand-ins for KV, queue and D1.
//
// The Worker is reached through a socket of its own: nothing stands between the load and the code under test.
// The stand-ins run in the same process, so their cost is part of every figure, the floor's as well.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unstable_readConfig } from 'wrangler';

export const root = fileURLToPath(new URL('../', import.meta.url));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export const wrangler = unstable_readConfig({ config: join(root, 'wrangler.toml') }, { hideWarnings: true });

/** A value of a configuration that is written as it is, not as text. */
class Raw {
  constructor(text) {
    this.text = text;
  }
}

/** Writes a value in the text form of the runtime's configuration. */
function write(value) {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    const fields = Object.entries(value).map(([key, field]) => `${key} = ${write(field)}`);
    return `(${fields.join(', ')})`;
  }
  return JSON.stringify(value);
}

const embed = (name) => new Raw(`embed ${JSON.stringify(name)}`);
const local = (name, service) => ({ name, address: '127.0.0.1:0', http: new Raw('()'), service });

/** A stand-in: one script, as a service of its own. */
function standIn(file, bindings = [], objects = []) {
  return {
    modules: [{ name: file, esModule: embed(file) }],
    compatibilityDate: wrangler.compatibility_date,
    compatibilityFlags: ['service_binding_extra_handlers'],
    bindings,
    durableObjectNamespaces: objects,
    ...(objects.length > 0 ? { durableObjectStorage: { localDisk: 'disk' } } : {}),
  };
}

function bindings(vars) {
  const text = Object.entries({ ...wrangler.vars, ...vars }).map(([name, value]) => ({ name, text: String(value) }));
  const kv = wrangler.kv_namespaces.map(({ binding }) => ({ name: binding, kvNamespace: `kv-${binding}` }));
  const queues = wrangler.queues.producers.map(({ binding }) => ({ name: binding, queue: 'queue' }));
  const objects = wrangler.durable_objects.bindings.map((object) => ({
    name: object.name,
    durableObjectNamespace: object.class_name,
  }));
  const databases = wrangler.d1_databases.map(({ binding }) => ({
    name: binding,
    wrapped: { moduleName: 'cloudflare-internal:d1-api', innerBindings: [{ name: 'fetcher', service: 'd1' }] },
  }));
  return [...text, ...kv, ...queues, ...objects, ...databases];
}

/** The Worker under test. `modules` are files of its folder, the entry first. */
function worker(modules, vars, providers) {
  return {
    modules: modules.map((name) => ({ name, [name.endsWith('.wasm') ? 'wasm' : 'esModule']: embed(name) })),
    compatibilityDate: wrangler.compatibility_date,
    compatibilityFlags: wrangler.compatibility_flags,
    bindings: bindings(vars),
    durableObjectNamespaces: wrangler.durable_objects.bindings.map(({ class_name }) => ({
      className: class_name,
      uniqueKey: `bench-${class_name}`,
      enableSql: true,
    })),
    durableObjectStorage: { localDisk: 'disk' },
    globalOutbound: providers ? 'providers' : 'nowhere',
  };
}

/** What answers the Worker's requests to the outside: a server on this machine by its port, or the stand-in. */
function outside(providers) {
  if (typeof providers !== 'number') return { worker: standIn('providers.js') };
  return { external: { address: `127.0.0.1:${providers}`, http: new Raw('()') } };
}

/**
 * Writes the folder of one server: configuration, modules, stand-ins and an empty state. Returns the configuration.
 * @param {object} options
 * @param {string} options.dir
 * @param {Record<string, string>} options.files Modules by name with their paths, the entry first.
 * @param {Record<string, string>} [options.vars]
 * @param {boolean | number} [options.providers] What answers outside: a port, or `true` for the stand-in.
 */
export function writeServer({ dir, files, vars = {}, providers = false }) {
  mkdirSync(join(dir, 'state'), { recursive: true });
  for (const [name, path] of Object.entries(files)) copyFileSync(path, join(dir, name));
  for (const name of ['kv.js', 'queue.js', 'd1.js', 'providers.js']) {
    copyFileSync(here(`platform/${name}`), join(dir, name));
  }
  const [consumer] = wrangler.queues.consumers;
  const queue = standIn('queue.js', [
    { name: 'CONSUMER', service: 'worker' },
    { name: 'QUEUE', text: consumer.queue },
    { name: 'BATCH_MESSAGES', json: String(consumer.max_batch_size) },
    { name: 'BATCH_WAIT_MS', json: String(consumer.max_batch_timeout * 1000) },
  ]);
  const database = [{ className: 'Database', uniqueKey: 'bench-d1', enableSql: true }];
  const services = [
    { name: 'worker', worker: worker(Object.keys(files), vars, providers) },
    ...wrangler.kv_namespaces.map(({ binding }) => ({ name: `kv-${binding}`, worker: standIn('kv.js') })),
    { name: 'queue', worker: queue },
    { name: 'd1', worker: standIn('d1.js', [{ name: 'DATABASE', durableObjectNamespace: 'Database' }], database) },
    { name: 'providers', ...outside(providers) },
    { name: 'nowhere', network: { allow: [] } },
    { name: 'disk', disk: { path: join(dir, 'state'), writable: new Raw('true') } },
  ];
  const sockets = [local('http', 'worker'), local('queue', 'queue'), local('d1', 'd1')];
  const text = `const config :Workerd.Config = ${write({ services, sockets })};\n`;
  const path = join(dir, 'workerd.capnp');
  writeFileSync(path, `using Workerd = import "/workerd/workerd.capnp";\n${text}`);
  return path;
}
