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
