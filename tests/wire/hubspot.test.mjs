// What is sent to HubSpot is what HubSpot's own description of its API allows: every request of tests/golden/crm/hubspot is
// compared with the models in the vendor's client, which are generated from its OpenAPI document. Path and method lead to the
// model, so that nobody here chose it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const generated = join(root, "node_modules/@hubspot/api-client/lib/codegen");
const golden = join(root, "tests/golden/crm/hubspot");

// The client describes the undated paths. The dated ones are the same but for these fields, which they demand and the
// undated ones do not have.
const ONLY_DATED = { "/crm/v3/properties/{objectType}/batch/read": ["dataSensitivity"] };

const undated = (path) =>
  path
    .split("?")[0]
    .replace(/^\/crm\/(objects|properties|owners)\/\d{4}-\d\d/, "/crm/v3/$1")
    .replace(/^\/crm\/associations\/\d{4}-\d\d/, "/crm/v4/associations")
    .replace(/^\/oauth\/\d{4}-\d\d/, "/oauth/v1");

/** Every operation of a part of the client: method, path, and the model of its body or the names of its form. */
function operations(part) {
  const folder = join(generated, part, "apis");
  return readdirSync(folder)
    .filter((name) => name.endsWith("Api.js"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("localVarPath = '").slice(1))
    .map((text) => ({
      part,
      path: text.slice(0, text.indexOf("'")),
      method: /HttpMethod\.(\w+)/.exec(text)[1],
      model: /stringify\(ObjectSerializer_1\.ObjectSerializer\.serialize\(\w+, "([^"]+)"/.exec(text)?.[1],
      form: [...text.matchAll(/localVarFormParams\.append\('(\w+)'/g)].map(([, field]) => field),
    }));
}

const PARTS = ["contacts", "companies", "deals", "objects/tasks", "associations/v4", "properties", "owners"];
const all = [...PARTS.map((part) => `crm/${part}`), "oauth"].flatMap(operations);

function operation(method, path) {
  const parts = undated(path).split("/");
  const fits = (pattern) => {
    const own = pattern.split("/");
    return own.length === parts.length && own.every((part, place) => part.startsWith("{") || part === parts[place]);
  };
  return all.find((one) => one.method === method && fits(one.path));
}

/** The fields of a model: name → type and whether it may be missing. */
function fields(part, model) {
  const text = readFileSync(join(generated, part, `models/${model}.d.ts`), "utf8");
  const known = text.slice(0, text.indexOf("static readonly discriminator"));
  const entries = [...known.matchAll(/^ {4}'(\w+)'(\??): ([^;{]+|\{[^}]*\});$/gm)];
  assert.ok(entries.length > 0, model);
  return new Map(entries.map(([, name, optional, type]) => [name, { type, isOptional: optional === "?" }]));
}

function values(part, name) {
  const folder = join(generated, part, "models");
  for (const file of readdirSync(folder).filter((file) => file.endsWith(".d.ts"))) {
    const text = readFileSync(join(folder, file), "utf8");
    const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(text)?.[1];
    if (body) return [...body.matchAll(/= "([^"]*)"/g)].map(([, value]) => value);
  }
  return undefined;
}

/** What is wrong with a value of a type, as texts. */
function problems(part, type, value, at, extra = []) {
  const list = /^Array<(.*)>$/s.exec(type)?.[1];
  if (list) {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((item, place) => problems(part, list, item, `${at}[${place}]`));
  }
  if (["string", "number", "boolean"].includes(type)) {
    return typeof value === type ? [] : [`${at} is no ${type}`];
  }
  if (type.startsWith("{")) {
    const inner = /: (\w+);/.exec(type)[1];
    return Object.entries(value).flatMap(([name, item]) => problems(part, inner, item, `${at}.${name}`));
  }
  const allowed = values(part, type);
  if (allowed) return allowed.includes(value) ? [] : [`${at} is none of ${allowed.join(", ")}`];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is no object`];
  const known = fields(part, type);
  const missing = [...known].filter(([name, field]) => !field.isOptional && !(name in value));
  return [
    ...missing.map(([name]) => `${at}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, item]) => {
      if (known.has(name)) return problems(part, known.get(name).type, item, `${at}.${name}`);
      return extra.includes(name) ? [] : [`${at}.${name} is unknown`];
    }),
  ];
}

function check({ method, path, body }) {
  const found = operation(method, path);
  if (!found) return [`${method} ${path} is unknown`];
  if (found.form.length > 0) {
    const names = [...new URLSearchParams(body).keys()];
    return names.filter((name) => !found.form.includes(name)).map((name) => `${path}: ${name} is unknown`);
  }
  if (!found.model) return body === undefined ? [] : [`${method} ${path} takes no body`];
  return problems(found.part, found.model, body, path.split("?")[0], ONLY_DATED[found.path]);
}

const requests = readdirSync(golden).flatMap((file) =>
  JSON.parse(readFileSync(join(golden, file), "utf8")).calls.map(({ request }) => ({ file, ...request })),
);

test("every request is one that the vendor describes", () => {
  // The account itself is not part of the client.
  const described = requests.filter(({ path }) => !path.startsWith("/account-info/"));
  for (const request of described) assert.deepEqual(check(request), [], request.file);
  const kinds = new Set(described.filter(({ body }) => body).map(({ method, path }) => `${method} ${undated(path)}`));
  assert.ok(kinds.size >= 14, [...kinds].join("\n"));
});

test("a request that the vendor does not describe is found", () => {
  const [create] = requests.filter(({ path }) => path.endsWith("/2026-03/contacts/batch/create") && path.includes("objects"));
  const [search] = requests.filter(({ path }) => path.endsWith("/contacts/search"));
  const changed = (request, change) => {
    const copy = structuredClone(request);
    change(copy.body);
    return check({ ...copy });
  };
  assert.match(changed(create, (body) => { body.inputs[0].idProperty = "email"; })[0], /idProperty is unknown/);
  assert.match(changed(create, (body) => { delete body.inputs[0].properties; })[0], /properties is missing/);
  assert.match(changed(create, (body) => { body.inputs[0].properties.router_score = 82; })[0], /router_score is no string/);
  assert.match(changed(search, (body) => { body.filterGroups[0].filters[0].operator = "IS"; })[0], /operator is none of/);
  assert.match(changed(search, (body) => { body.sorts = [{ propertyName: "createdate" }]; })[0], /sorts\[0\] is no string/);
  assert.match(check({ method: "POST", path: "/crm/objects/2026-03/contacts/batch/merge", body: {} })[0], /unknown/);
});
