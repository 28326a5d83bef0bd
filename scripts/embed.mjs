// Makes src/http/embed.min.js of src/http/embed.js. A test compares what is served with it.
import { transformSync } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';

const path = (name) => new URL(`../src/http/${name}`, import.meta.url);

/** What is served. */
export const made = () => transformSync(readFileSync(path('embed.js'), 'utf8'), { minify: true, charset: 'utf8' }).code;

if (import.meta.filename === process.argv[1]) writeFileSync(path('embed.min.js'), made());
