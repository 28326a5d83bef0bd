/** Cloudflare's siteverify as documented: a token is good once, and again only with the same idempotency key. */
export class Turnstile {
  settings = { TURNSTILE_SECRET: 'turnstile-secret', TURNSTILE_BASE_URL: 'https://turnstile.example' };
  hostname = 'www.example.com';
  used = new Map();
  asked = [];
  down = false;

  async answer(request) {
    const url = new URL(request.url);
    if (url.pathname !== '/turnstile/v0/siteverify' || request.method !== 'POST') return new Response('', { status: 404 });
    const asked = await request.json();
    this.asked.push(asked);
    if (this.down) return new Response('<html>', { status: 503 });
    const says = (success, ...codes) => {
      return Response.json({ success, hostname: success ? this.hostname : undefined, 'error-codes': codes });
    };
    if (asked.secret !== 'turnstile-secret') return says(false, 'invalid-input-secret');
    if (!asked.response.startsWith('good')) return says(false, 'invalid-input-response');
    const first = this.used.get(asked.response) ?? asked.idempotency_key;
    this.used.set(asked.response, first);
    return first === asked.idempotency_key ? says(true) : says(false, 'timeout-or-duplicate');
  }

  release() {}
}
