/**
 * Makes crates/core/src/normalize/data/public_suffixes.txt from the list of https://publicsuffix.org:
 *
 *     curl https://publicsuffix.org/list/public_suffix_list.dat | node scripts/public-suffixes.mjs
 *
 * Comments go, names that are not ASCII are written as they stand in a host name, and rules with the same parent are one
 * line, which is a fifth less to upload.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { domainToASCII } from 'node:url';

const HEADER = `# The public suffixes of https://publicsuffix.org, Mozilla Public License 2.0, in ASCII. A line has a parent, \`.\` for
# none, and the first labels of the rules below it. Made by scripts/public-suffixes.mjs.
`;

const rules = readFileSync(0, 'utf8').split('\n').flatMap((line) => {
  const [rule] = line.split(/\s/);
  if (!rule || rule.startsWith('//')) return [];
  const [, mark, name] = rule.match(/^(!|\*\.)?(.*)$/);
  const ascii = domainToASCII(name);
  if (!ascii) throw new Error(`not a name: ${rule}`);
  return [`${mark ?? ''}${ascii}`];
});
if (rules.length < 5_000) throw new Error(`${rules.length} rules are not the whole list`);
const reversed = (rule) => rule.replace('!', '').split('.').reverse().join('.');
rules.sort((one, other) => (reversed(one) < reversed(other) ? -1 : 1));
const families = Map.groupBy(rules, (rule) => rule.split('.').slice(1).join('.') || '.');
const lines = [...families].map(([parent, family]) => `${parent} ${family.map((rule) => rule.split('.')[0]).join(' ')}\n`);
writeFileSync('crates/core/src/normalize/data/public_suffixes.txt', HEADER + lines.join(''));
console.log(`${rules.length} rules`);
