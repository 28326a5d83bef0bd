// One page of a company's website, read while it comes: the platform's HTMLRewriter finds the few elements that
// count, so that no HTML parser has to be in the wasm.

/** Most characters of a title, a name, or a script that are kept; of JSON-LD, one more than are read. */
const TEXT_MAX = 300;
const CODE_MAX = 32 * 1024;
const JSON_LD_MAX = 64 * 1024 + 1;
/** Most blocks of JSON-LD and most hosts that are kept. */
const BLOCKS_MAX = 20;
const HOSTS_MAX = 200;
/** Addresses in a script, also those whose slashes are escaped. */
const HOSTS_IN_CODE = /\\?\/\\?\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi;

/**
 * Reads the page at `pageUrl`, which is fetched at `url`. JSON with the status, where a redirect leads (no redirect
 * is followed here), and what the page says; `page` is null unless the answer is HTML with a status of success. What
 * stands before `bytesMax` counts. Fails with `timeout`, or anything else for a connection that broke.
 */
export async function fetchPage(url, pageUrl, userAgent, timeoutMs, bytesMax) {
  const all = new AbortController();
  const timer = setTimeout(() => all.abort(), timeoutMs);
  const headers = { accept: 'text/html', 'user-agent': userAgent };
  try {
    const answer = await fetch(url, { headers, redirect: 'manual', signal: all.signal });
    const target = answer.headers.get('location');
    const location = target === null ? null : (resolved(target, pageUrl)?.href ?? null);
    const type = answer.headers.get('content-type') ?? '';
    const isPage = answer.ok && answer.body !== null && /^\s*text\/html\s*(;|$)/i.test(type);
    const page = isPage ? await read(upTo(answer.body, bytesMax), type, pageUrl) : null;
    return JSON.stringify({ status: answer.status, location, page });
  } catch (error) {
    throw all.signal.aborted ? new Error('timeout') : error;
  } finally {
    clearTimeout(timer);
    all.abort();
  }
}

/** The URL, or undefined when there is none. */
function resolved(text, base) {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** The first `left` bytes of a body. The rest is not asked for. */
function upTo(body, left) {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) {
        controller.enqueue(value.subarray(0, left));
        left -= value.byteLength;
      }
      if (done || left <= 0) {
        controller.close();
        await reader.cancel();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** What the page says: of most things the first. */
async function read(body, type, pageUrl) {
  const page = { title: null, site_name: null, generator: null, json_ld: [], hosts: [] };
  const hosts = new Set();
  const note = (host) => host && hosts.size < HOSTS_MAX && hosts.add(host.toLowerCase());
  const meta = (field) => ({
    element: (element) => {
      page[field] ??= element.getAttribute('content')?.slice(0, TEXT_MAX) ?? null;
    },
  });
  const title = collector(TEXT_MAX, (text) => {
    page.title ??= text;
  });
  const code = collector(CODE_MAX, (text) => {
    for (const [, host] of text.matchAll(HOSTS_IN_CODE)) note(host);
  });
  const jsonLd = collector(JSON_LD_MAX, (text) => {
    if (page.json_ld.length < BLOCKS_MAX) page.json_ld.push(text);
  });
  let script = code;
  const rewriter = new HTMLRewriter()
    .on('title', { text: title })
    .on('meta[property="og:site_name"]', meta('site_name'))
    .on('meta[name="generator"]', meta('generator'))
    .on('script', {
      element: (element) => {
        const kind = element.getAttribute('type') ?? '';
        const source = element.getAttribute('src');
        if (source) note(resolved(source, pageUrl)?.hostname);
        script = scriptReader(kind, jsonLd, code);
      },
      text: (chunk) => script(chunk),
    });
  const known = new Response(body, { headers: { 'content-type': typeWithKnownCharset(type) } });
  await rewriter.transform(known).body.pipeTo(new WritableStream());
  return { ...page, hosts: [...hosts] };
}

/** Data in other scripts name hosts that the page does not load from. */
function scriptReader(kind, jsonLd, code) {
  if (/^\s*application\/ld\+json/i.test(kind)) return jsonLd;
  return /^\s*($|module|(text|application)\/(java|ecma)script)/i.test(kind) ? code : () => {};
}

/** Puts the chunks of a text together, up to so many characters, and hands it on at its end. */
function collector(charsMax, done) {
  let text = '';
  return (chunk) => {
    if (text.length < charsMax) text += chunk.text.slice(0, charsMax - text.length);
    if (!chunk.lastInTextNode) return;
    done(text);
    text = '';
  };
}

/** The rewriter refuses encodings that it does not know, and those that are not written like ASCII; they are read as UTF-8. */
function typeWithKnownCharset(type) {
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(type)?.[1] ?? 'utf-8';
  try {
    const { encoding } = new TextDecoder(charset);
    return /^(utf-16|iso-2022|replacement)/.test(encoding) ? 'text/html' : `text/html; charset=${encoding}`;
  } catch {
    return 'text/html';
  }
}
