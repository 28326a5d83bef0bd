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

/** The SQLite of a Durable Object. */
export function sqlOf(state) {
  return state.storage.sql;
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

/**
 * Sends a request to a provider: a line with status and `Retry-After` in seconds (or `-`), then the body. Without an answer after `hedgeAfterMs` (0 for never) the request is sent once more, and the first answer counts.
 * Fails with `timeout`, `too_large`, or anything else for a connection that broke.
 */
export async function fetchText(url, method, headers, body, timeoutMs, hedgeAfterMs, bytesMax) {
  const all = new AbortController();
  const timer = setTimeout(() => all.abort(), timeoutMs);
  const init = { method, headers: JSON.parse(headers), body, redirect: 'manual', signal: all.signal };
  const tries = [textOf(url, init, bytesMax)];
  let hedge;
  try {
    if (hedgeAfterMs > 0 && hedgeAfterMs < timeoutMs) {
      const pause = new Promise((resolve) => {
        hedge = setTimeout(resolve, hedgeAfterMs, true);
      });
      const ended = tries[0].then(() => false, () => false);
      if (await Promise.race([ended, pause])) tries.push(textOf(url, init, bytesMax));
    }
    return await Promise.any(tries);
  } catch (error) {
    if (all.signal.aborted) throw new Error('timeout');
    throw error.errors?.[0] ?? error;
  } finally {
    clearTimeout(timer);
    clearTimeout(hedge);
    all.abort();
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
