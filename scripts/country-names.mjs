/**
 * Makes crates/core/src/normalize/data/country_names.txt: the names that browsers and form builders show for countries, in
 * the languages below, from the Unicode CLDR that is built into Node:
 *
 *     node scripts/country-names.mjs
 *
 * A name that countries.txt has already is left out, and so is one that stands for two countries. `fold` below does what
 * normalize::fold does; a test compares them name by name.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'it', 'nl', 'pl', 'sv', 'da', 'nb', 'fi', 'cs', 'tr', 'ru', 'ja', 'ko', 'zh-Hans', 'zh-Hant'];
const DATA = 'crates/core/src/normalize/data';
const PLAIN = { ß: 'ss', ø: 'o', ł: 'l', đ: 'd', æ: 'ae', œ: 'oe', ı: 'i', þ: 'th', ð: 'd', ё: 'е' };

function fold(name) {
  const composed = name.normalize('NFKC').toLowerCase();
  const letters = [...composed].map((letter) => {
    if (PLAIN[letter]) return PLAIN[letter];
    const bare = letter.normalize('NFD').replace(/[\u0300-\u036f]/g, '');
    return /^[a-z]+$/.test(bare) ? bare : letter;
  });
  return letters.join('').replace(/[\u0300-\u036f]/g, '').replace(/[^\p{Alphabetic}\p{N}]+/gu, ' ').trim();
}

const lines = readFileSync(`${DATA}/countries.txt`, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
const known = new Map();
for (const line of lines) {
  const [code, ...names] = line.split('|').map((part) => part.trim());
  for (const name of names) known.set(fold(name), code);
}
const found = new Map();
for (const language of LANGUAGES) {
  for (const style of ['long', 'short']) {
    const names = new Intl.DisplayNames([language], { type: 'region', style, fallback: 'none' });
    for (const line of lines) {
      const code = line.slice(0, 2);
      const name = fold(names.of(code.toUpperCase()) ?? '');
      // Two letters are codes.
      if (!name || (/^[a-z]{1,2}$/.test(name)) || known.has(name)) continue;
      found.set(name, found.has(name) && found.get(name) !== code ? '' : code);
    }
  }
}
const rows = [...found].filter(([, code]) => code).map(([name, code]) => `${name}|${code}`);
const bytes = (row) => Buffer.from(row.split('|')[0]);
rows.sort((one, other) => Buffer.compare(bytes(one), bytes(other)));
const header = `# Folded names of countries | code: Unicode CLDR ${process.versions.cldr} (Unicode-3.0), sorted by bytes. Made by scripts/country-names.mjs.\n`;
writeFileSync(`${DATA}/country_names.txt`, header + rows.join('\n') + '\n');
console.log(`${rows.length} names in ${LANGUAGES.length} languages`);
