/**
 * Reads the part of TOML that wrangler.toml is written in: tables, lists of tables, and values that JSON knows too.
 * Anything else is an error, so that a test never runs against half of the configuration.
 */
export function parse(text) {
  const root = {};
  let table = root;
  text.split('\n').forEach((line, index) => {
    const trimmed = line.trim();
    const heading = trimmed.match(/^(\[\[?)([\w.]+)\]\]?$/);
    const value = trimmed.match(/^(\w+) = (.+)$/);
    if (heading) {
      table = enter(root, heading[2].split('.'), heading[1] === '[[');
    } else if (value) {
      table[value[1]] = JSON.parse(value[2]);
    } else if (trimmed !== '' && !trimmed.startsWith('#')) {
      throw new Error(`line ${index + 1} is not understood: ${trimmed}`);
    }
  });
  return root;
}

function enter(root, keys, isList) {
  const last = keys.pop();
  const parent = keys.reduce((table, key) => {
    const next = (table[key] ??= {});
    return Array.isArray(next) ? next.at(-1) : next;
  }, root);
  if (!isList) return (parent[last] ??= {});
  (parent[last] ??= []).push({});
  return parent[last].at(-1);
}
