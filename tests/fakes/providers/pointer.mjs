/** The pointers of descriptions, read and written: names, `*` for every item of a list, `[key=value]` for some. */

const hops = (pointer) =>
  pointer
    .split('/')
    .slice(1)
    .map((hop) => hop.replaceAll('~1', '/').replaceAll('~0', '~'));

function step(values, hop) {
  const items = values.filter(Array.isArray).flat();
  if (hop === '*') return items;
  const [, key, value] = /^\[(.+?)=(.+)\]$/.exec(hop) ?? [];
  if (key) return items.filter((item) => String(item?.[key]).toLowerCase() === value.toLowerCase());
  return values
    .filter((holder) => holder !== null && typeof holder === 'object' && hop in holder)
    .map((holder) => holder[hop]);
}

/** The values that a pointer leads to. */
export function find(json, pointer) {
  return hops(pointer).reduce(step, [json]);
}

/**
 * Writes a value where a pointer leads. Behind a `*` the first list gets one item for each of `value` (a list, or one
 * value), made after its first item, and the other lists get none.
 */
export function plant(json, pointer, value) {
  const path = hops(pointer);
  const star = path.lastIndexOf('*');
  if (star < 0) return set(json, path, value);
  const [first, ...others] = path.slice(0, star).reduce(step, [json]).filter(Array.isArray);
  if (!first) return undefined;
  const inner = path.slice(star + 1);
  const wanted = (Array.isArray(value) ? value : [value]).filter((one) => one !== null);
  if (inner.length === 0) {
    first.splice(0, first.length, ...wanted);
    for (const other of others) other.length = 0;
    return undefined;
  }
  const items = (Array.isArray(value) ? value : [value]).map((one) => {
    const item = structuredClone(first[0]);
    set(item, inner, one);
    return item;
  });
  first.splice(0, first.length, ...items);
  for (const other of others) other.length = 0;
  return undefined;
}

function set(json, path, value) {
  for (const holder of path.slice(0, -1).reduce(step, [json])) holder[path.at(-1)] = value;
}
