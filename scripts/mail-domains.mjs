/**
 * Makes free_mail.txt and disposable.txt in crates/core/src/normalize/data from two lists that others keep, and from
 * mail-domains.txt beside this file, which says what they lack or have wrong:
 *
 *     node scripts/mail-domains.mjs
 *
 * To refresh, raise the versions below, run it, read the difference, and run the tests.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { domainToASCII } from 'node:url';

const FREEMAIL = '1.7.0'; // npm, ISC
const DISPOSABLE = '0.0.293'; // PyPI, MIT
const DATA = 'crates/core/src/normalize/data';

const work = mkdtempSync(join(tmpdir(), 'mail-domains-'));
const run = (command, ...args) => execFileSync(command, args, { cwd: work, encoding: 'utf8' });
const isDomain = (name) => /^[a-z0-9_-]+(\.[a-z0-9-]+)+$/.test(name);
const domains = (names) => names.map((name) => domainToASCII(name.trim().toLowerCase())).filter(isDomain);
let free, disposable;
try {
  run('npm', 'pack', '--silent', `freemail@${FREEMAIL}`);
  run('tar', 'xzf', `freemail-${FREEMAIL}.tgz`, 'package/data/free.txt');
  run('pip', 'download', '--quiet', '--no-deps', `disposable-email-domains==${DISPOSABLE}`);
  run('unzip', '-q', `disposable_email_domains-${DISPOSABLE}-py3-none-any.whl`, 'disposable_email_domains/__init__.py');
  free = domains(readFileSync(join(work, 'package/data/free.txt'), 'utf8').split('\n'));
  const module = readFileSync(join(work, 'disposable_email_domains/__init__.py'), 'utf8');
  const blocklist = module.slice(module.indexOf('blocklist = {'), module.indexOf('}', module.indexOf('blocklist = {')));
  disposable = domains([...blocklist.matchAll(/'([^']+)'/g)].map(([, name]) => name));
} finally {
  rmSync(work, { recursive: true });
}
if (free.length < 4_000 || disposable.length < 9_000) throw new Error('a list is not whole');

const own = { free: [], relay: [], disposable: [], company: [] };
for (const line of readFileSync(new URL('mail-domains.txt', import.meta.url), 'utf8').split('\n')) {
  const [, kind, names] = line.match(/^(\w+): (.*)$/) ?? [];
  if (kind) own[kind].push(...names.split(' '));
}
const never = new Set(own.company);
// Schools have addresses of their own, and the list has some by mistake.
const isSchool = (name) => /\.(edu|ac)(\.|$)/.test(name);
const throwAway = new Set([...disposable, ...own.disposable].filter((name) => !never.has(name)));
for (const name of [...own.free, ...own.relay]) throwAway.delete(name);
const mailboxes = new Set([...free.filter((name) => !isSchool(name)), ...own.free, ...own.relay]);
for (const name of [...never, ...throwAway]) mailboxes.delete(name);

const write = (file, header, names) => writeFileSync(`${DATA}/${file}`, `${header}\n${[...names].sort().join('\n')}\n`);
const origin = 'Made by scripts/mail-domains.mjs, sorted by bytes.';
write('free_mail.txt', `# Domains on which anybody can have a mailbox: npm freemail ${FREEMAIL} (ISC), and additions. ${origin}`, mailboxes);
write('disposable.txt', `# Domains of throw-away mailboxes: PyPI disposable-email-domains ${DISPOSABLE} (MIT), and additions. ${origin}`, throwAway);
console.log(`${mailboxes.size} free, ${throwAway.size} disposable`);
