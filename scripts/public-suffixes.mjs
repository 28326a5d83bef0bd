/**
 * Makes src/domain/normalize/data/public_suffixes.txt from the list of https://publicsuffix.org:
 *
 *     curl https://publicsuffix.org/list/public_suffix_list.dat | node scripts/public-suffixes.mjs
 *
 * Comments go, and names that are not ASCII are written as they stand in a host name.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { domainToASCII } from 'node:url';

const HEADER = `// The public suffixes of https://publicsuffix.org, Mozilla Public License 2.0, without comments and in ASCII.
// Made by scripts/public-suffixes.mjs.
// ===BEGIN ICANN DOMAINS===
`;

const rules = readFileSync(0, 'utf8').split('\n').flatMap((line) => {
  const [rule] = line.split(/\s/);
  if (!rule || rule.startsWith('//')) return [];
  const [, mark, name] = rule.match(/^(!|\*\.)?(.*)$/);
  const ascii = domainToASCII(name);
  if (!ascii) throw new Error(`not a name: ${rule}`);
  return [`${mark ?? ''}${ascii}\n`];
});
if (rules.length < 5_000) throw new Error(`${rules.length} rules are not the whole list`);
writeFileSync('src/domain/normalize/data/public_suffixes.txt', HEADER + rules.join(''));
console.log(`${rules.length} rules`);
