// Stands in for a queue and its dispatcher: keeps messages in memory and hands batches to the consumer.
// While it is held it only takes messages, so that the cost of a request and of its delivery can be told apart.

const waiting = [];
const counts = { sent: 0, batches: 0, acked: 0, retried: 0, failed: 0 };
let held = false;
let running = false;

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === '/batch') {
      const { messages } = await request.json();
      for (const message of messages) take(fromBase64(message.body));
    } else if (pathname === '/message') {
      take(await request.text());
    } else if (pathname === '/__hold') {
      held = true;
    } else if (pathname === '/__release') {
      held = false;
    } else {
      return Response.json({ ...counts, waiting: waiting.length, idle: !running && waiting.length === 0 });
    }
    if (!held && !running && waiting.length > 0) {
      running = true;
      context.waitUntil(dispatch(env).finally(() => (running = false)));
    }
    return Response.json({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 } } });
  },
};

function take(body) {
  counts.sent += 1;
  waiting.push({ id: crypto.randomUUID(), timestamp: new Date(), body, attempts: 1 });
}

function fromBase64(text) {
  const bytes = atob(text);
  return /^[\0-\x7f]*$/.test(bytes) ? bytes : new TextDecoder().decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
}

async function dispatch(env) {
  while (waiting.length > 0 && !held) {
    if (waiting.length < env.BATCH_MESSAGES) await scheduler.wait(env.BATCH_WAIT_MS);
    const batch = waiting.splice(0, env.BATCH_MESSAGES);
    counts.batches += 1;
    try {
      const answer = await env.CONSUMER.queue(env.QUEUE, batch);
      settle(batch, answer);
    } catch (error) {
      counts.failed += batch.length;
      console.error(`queue: ${error}`);
    }
  }
}

function settle(batch, answer) {
  const again = new Map((answer.retryMessages ?? []).map((message) => [message.msgId, message.delaySeconds]));
  for (const message of batch) {
    if (answer.outcome !== 'ok') counts.failed += 1;
    else if (answer.retryBatch?.retry || again.has(message.id)) counts.retried += 1;
    else counts.acked += 1;
  }
}
