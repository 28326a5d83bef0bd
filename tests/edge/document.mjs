/**
 * Holds every answer against openapi.json: the status is declared for the operation, the media type too, and the body is
 * what the schema says. Objects are closed here: a field that the document does not name is a fault.
 */
import assert from 'node:assert/strict';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { readFileSync } from 'node:fs';

const DOCUMENT = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));
const METHODS = ['get', 'put', 'post', 'delete', 'options'];

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
// Sizes of Rust's integers, which say nothing about JSON.
for (const format of ['uint', 'uint32', 'uint64']) ajv.addFormat(format, true);
ajv.addSchema(closed(DOCUMENT.components), 'document');
const validators = new Map();

const routes = Object.entries(DOCUMENT.paths).map(([path, operations]) => {
  const pattern = path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+');
  return { path, operations, matches: new RegExp(`^${pattern}/?$`) };
});
// As in the router, a path without a parameter goes before one with.
routes.sort((one, other) => one.path.includes('{') - other.path.includes('{'));

/** A copy in which objects that list their properties have no others, and references lead into the added document. */
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, closed(inner)]));
  if (typeof copy.$ref === 'string') copy.$ref = copy.$ref.replace(/^#\/components\//, 'document#/');
  const isOpen = 'additionalProperties' in copy || 'unevaluatedProperties' in copy || copy.allOf || copy.anyOf || copy.oneOf;
  if (copy.properties && typeof copy.properties === 'object' && !isOpen) copy.additionalProperties = false;
  return copy;
}

/** The operation that a request reaches, and its name for messages. */
function operationOf(method, path) {
  const route = routes.find(({ matches }) => matches.test(path.split(/[?#]/)[0]));
  const name = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = METHODS.includes(name) ? route?.operations[name] : undefined;
  return { operation, isKnownPath: route !== undefined };
}

function assertBody(schema, body, where) {
  const text = JSON.stringify(schema);
  if (!validators.has(text)) validators.set(text, ajv.compile(closed(schema)));
  const validate = validators.get(text);
  if (validate(body)) return;
  const found = validate.errors.map(({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`);
  assert.fail(`${where}: openapi.json says otherwise:\n${[...new Set(found)].join('\n')}\n${JSON.stringify(body).slice(0, 2000)}`);
}

/** Fails unless openapi.json declares this answer. */
export function assertDocumented(method, path, { status, headers, text, body }) {
  const where = `${method} ${path} → ${status}`;
  const { operation, isKnownPath } = operationOf(method, path);
  if (!operation) {
    assert.equal(status, isKnownPath ? 405 : 404, `${where}: openapi.json has no such operation`);
    if (method !== 'HEAD') assertBody({ $ref: '#/components/schemas/Error' }, body, where);
    return;
  }
  const declared = operation.responses[status] ?? operation.responses[`${String(status)[0]}XX`];
  assert.ok(declared, `${where}: openapi.json does not declare this status`);
  if (method === 'HEAD') {
    assert.equal(text, '', `${where}: an answer to HEAD has no body`);
    return;
  }
  if (!declared.content) {
    assert.equal(text, '', `${where}: openapi.json declares no body`);
    return;
  }
  const media = headers.get('content-type')?.split(';')[0];
  const content = declared.content[media];
  assert.ok(content, `${where}: openapi.json does not declare ${media}`);
  if (media === 'application/json') assertBody(content.schema, body, where);
  else if (media === 'application/x-ndjson' && content.schema.type !== 'string') {
    for (const line of text.trim().split('\n')) assertBody(content.schema, JSON.parse(line), where);
  }
}
