// The effects that every lead has, with one crossing between wasm and JavaScript each: texts in, texts out.

/** Asks a Durable Object a question; its answer, or an error with what it says is wrong. */
export async function askObject(env, binding, name, question, body, timeoutMs) {
  const objects = env[binding];
  const answer = await objects.get(objects.idFromName(name)).fetch(`https://object/${question}`, {
    method: 'POST',
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(text);
  return text;
}

/** The storage of a Durable Object. */
export function storageOf(state) {
  return state.storage;
}

/** The SQLite of a storage. */
export function sqlOf(storage) {
  return storage.sql;
}

/** Runs some statements as one transaction, which is rolled back unless `run` says true. */
export function transact(storage, run) {
  storage.transactionSync(() => {
    if (!run()) throw new Error('rolled back');
  });
}

/** The rows of a query, as JSON. `values` is a JSON array. */
export function sqlRows(sql, query, values) {
  return JSON.stringify(sql.exec(query, ...JSON.parse(values)).toArray());
}

/** Runs a statement. `text`, when there is one, is its last value: long, and better not put into JSON once more. */
export function sqlRun(sql, query, values, text) {
  sql.exec(query, ...JSON.parse(values), ...(text === undefined ? [] : [text]));
}

/** The text under a key of a KV namespace, if there is one. */
export async function kvText(env, binding, key) {
  return (await env[binding].get(key)) ?? undefined;
}

/** Whether one more of `key` is within the limit of a counter; always, where the deployment has no such counter. */
export async function isWithin(env, binding, key) {
  return (await env[binding]?.limit({ key }))?.success ?? true;
}

/** Sends a mail through a binding: nothing when it is sent, else the code of what is wrong. `mail` is JSON. */
export async function sendMail(env, binding, mail, timeoutMs) {
  if (!env[binding]) return 'no_binding';
  let timer;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'timeout');
  });
  try {
    return await Promise.race([env[binding].send(JSON.parse(mail)).then(() => ''), timeout]);
  } catch (error) {
    return String(error?.code ?? 'E_INTERNAL_SERVER_ERROR');
  } finally {
    clearTimeout(timer);
  }
}

/** Whether there is a binding of this name. */
export function hasBinding(env, binding) {
  return Boolean(env[binding]);
}

/** A request to a provider, under way as soon as it is made. */
export class Sending {
  constructor(url, method, headers, body, timeoutMs, bytesMax) {
    this.controller = new AbortController();
    this.timer = setTimeout(() => this.controller.abort(), timeoutMs);
    const init = { method, headers: JSON.parse(headers), body, redirect: 'manual', signal: this.controller.signal };
    this.text = textOf(url, init, bytesMax);
    // Nobody may be waiting any more when it fails.
    this.text.catch(() => {});
  }

  /**
   * The answer: a line with status and `Retry-After` in seconds (or `-`), then the body. Fails with `timeout`, `too_large`,
   * or anything else for a connection that broke.
   */
  async answer() {
    try {
      return await this.text;
    } catch (error) {
      throw this.controller.signal.aborted ? new Error('timeout') : error;
    }
  }

  /** Takes the request back when it is not answered. */
  end() {
    clearTimeout(this.timer);
    this.controller.abort();
  }
}

/** The answer to one request, its body up to a limit. */
async function textOf(url, init, bytesMax) {
  const answer = await fetch(url, init);
  const decoder = new TextDecoder();
  let [text, bytes] = ['', 0];
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error('too_large');
    text += decoder.decode(chunk, { stream: true });
  }
  const retryAfter = Number.parseInt(answer.headers.get('retry-after') ?? '', 10);
  return `${answer.status} ${Number.isNaN(retryAfter) ? '-' : retryAfter}\n${text}${decoder.decode()}`;
}

/** The `RS256` signature of a text in base64url. `key` is a PKCS#8 private key in base64; fails when it is none. */
export async function signRs256(key, text) {
  const bytes = (binary) => Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const signer = await crypto.subtle.importKey('pkcs8', bytes(atob(key)), algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign(algorithm.name, signer, new TextEncoder().encode(text));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(signature)));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
