// Calls the running Worker with the credentials of .dev.vars; used by the scripts of `make run`.
import { readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
export const base = process.argv[2] ?? process.env.BASE_URL ?? 'http://127.0.0.1:8787';

const secrets = Object.fromEntries(
  readFileSync(new URL('.dev.vars', root), 'utf8')
    .split('\n')
    .map((line) => line.match(/^\s*([A-Z_]+)\s*=\s*"?([^"]*)"?\s*$/))
    .filter(Boolean)
    .map(([, name, value]) => [name, value]),
);

export const read = (path) => readFileSync(new URL(path, root));
export const readJson = (path) => JSON.parse(read(path));

/** Calls the API and returns the parsed answer; an error answer becomes an exception with its message. */
export async function api(method, path, body, headers = {}) {
  const json = body !== undefined && !Buffer.isBuffer(body);
  const key = path.startsWith('/v1/leads') && method === 'POST' ? secrets.INTAKE_KEY : secrets.ADMIN_TOKEN;
  const response = await fetch(base + path, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
    body: json ? JSON.stringify(body) : body,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
