// Stands in for a KV namespace: a map in memory behind the requests that the runtime's binding makes.
// In production the namespace is another machine, so the less it costs here, the truer the figure.

const values = new Map();
let writes = 0;

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/bulk/get') {
      const { keys } = await request.json();
      return Response.json(Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null])));
    }
    const key = decodeURIComponent(pathname.slice(1));
    if (request.method === 'PUT') {
      writes += 1;
      values.set(key, await request.text());
      return new Response();
    }
    if (request.method === 'DELETE') {
      values.delete(key);
      return new Response();
    }
    if (key === '__stats') return Response.json({ keys: values.size, writes });
    const value = values.get(key);
    return value === undefined ? new Response('not found', { status: 404 }) : new Response(value);
  },
};
