/**
 * The documented request of a provider, learned from a recorded pair: which parts of it are fixed, and where the names
 * of the subject stand. A request that differs in a fixed part is not the documented one.
 */

/** Every part of a request by its place: method, path, each entry of the query, each leaf of the body. */
function parts({ method, path, query, body }) {
  const list = [
    ['method', method],
    ['path', decodeURIComponent(path)],
    ...query.map(([key, value]) => [`query ${key}`, value]),
  ];
  const leaves = (value, place) => {
    if (value === null || typeof value !== 'object') list.push([`body${place}`, value]);
    else for (const [key, inner] of Object.entries(value)) leaves(inner, `${place}/${key}`);
  };
  if (body !== null && body !== undefined) leaves(body, '');
  return new Map(list);
}

/** Names of the query and the body that hold the key. */
const keyPlace = ({ auth }) => (auth.query ? `query ${auth.query}` : auth.body ? `body/${auth.body}` : '');

/** Places in the body that a setting of the business fills with a list. */
function lists({ request, settings = {} }) {
  const named = ([, value]) => settings[/^\{setting\.(\w+)\}$/.exec(value)?.[1]]?.list;
  return Object.entries(request.body ?? {}).filter(named).map(([key]) => `body/${key}/`);
}

export class Question {
  constructor(description, { request, contact, known, job }) {
    const url = new URL(request.url);
    const base = new URL(description.base_url).pathname.replace(/\/$/, '');
    const recorded = parts({ ...request, path: url.pathname.slice(base.length), query: [...url.searchParams] });
    this.keyPlace = keyPlace(description);
    recorded.delete(this.keyPlace);
    const names = Object.entries({ ...contact, domain: known['company.domain'], company: known['company.name'], job })
      .filter(([, value]) => value)
      .sort(([, one], [, other]) => other.length - one.length);
    this.places = new Map([...recorded].map(([place, value]) => [place, template(value, names)]));
    this.path = this.places.get('path');
    this.lists = request.body ? lists(description) : [];
  }

  /** The names that a request gives; `null` when it is another request. */
  read(request) {
    const given = parts(request);
    given.delete(this.keyPlace);
    // What a setting lists is the business's choice; that there is something is the vendor's rule.
    for (const place of this.lists) {
      const entries = [...given.keys()].filter((key) => key.startsWith(place));
      if (entries.length === 0) return null;
      entries.forEach((key) => given.delete(key));
    }
    const names = {};
    for (const [place, { name, before, after, fixed }] of this.places) {
      const value = given.get(place);
      given.delete(place);
      if (name === undefined ? value !== fixed : value !== undefined && !isBetween(value, before, after)) return null;
      if (name !== undefined && value !== undefined)
        names[name] = value.slice(before.length, value.length - after.length);
    }
    return given.size === 0 ? names : null;
  }
}

function template(value, names) {
  const found = typeof value === 'string' ? names.find(([, name]) => value.includes(name)) : undefined;
  if (!found) return { fixed: value };
  const at = value.indexOf(found[1]);
  return { name: found[0], before: value.slice(0, at), after: value.slice(at + found[1].length) };
}

const isBetween = (value, before, after) =>
  typeof value === 'string' &&
  value.length > before.length + after.length &&
  value.startsWith(before) &&
  value.endsWith(after);

/** The key that a request carries where the provider's documentation puts it; `undefined` without one. */
export function keyOf({ auth }, { headers, query, body }) {
  const after = (text, prefix) => (text?.startsWith(prefix) ? text.slice(prefix.length) : undefined);
  if (auth === 'bearer' || auth.token) return after(headers.authorization, 'Bearer ');
  if (auth === 'basic')
    return Buffer.from(after(headers.authorization, 'Basic ') ?? '', 'base64')
      .toString()
      .replace(/:$/, '');
  if (auth.header) return headers[auth.header.toLowerCase()];
  if (auth.prefixed) return after(headers[auth.prefixed.header.toLowerCase()], auth.prefixed.prefix);
  if (auth.query) return query.find(([name]) => name === auth.query)?.[1];
  return body?.[auth.body];
}
