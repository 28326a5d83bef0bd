// Fails when Cargo.lock, package.json or package-lock.json name another version than versions.env.
import { readFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const pinned = Object.fromEntries(
  [...read("scripts/versions.env").matchAll(/^(\w+)_VERSION=(.+)$/gm)].map(([, name, version]) => [name, version]),
);
const manifest = JSON.parse(read("package.json"));
const wanted = { ...manifest.devDependencies, ...manifest.optionalDependencies };
const locked = JSON.parse(read("package-lock.json")).packages;
const crate = /^name = "wasm-bindgen"\nversion = "(.+)"$/m.exec(read("Cargo.lock"))?.[1];

const problems = [];
const same = (where, found, expected) => {
  if (found !== expected) problems.push(`${where} has ${found ?? "nothing"}, versions.env has ${expected ?? "nothing"}`);
};

same("wasm-bindgen in Cargo.lock", crate, pinned.WASM_BINDGEN);
for (const [name, version] of Object.entries(wanted)) {
  const pin = name.startsWith("node-") ? "NODE" : name.replace("@", "").toUpperCase().replaceAll(/[-/]/g, "_");
  same(`${name} in package.json`, version, pinned[pin]);
  same(`${name} in package-lock.json`, locked[`node_modules/${name}`]?.version, version);
}
for (const pin of ["BINARYEN", "ESBUILD", "MINIFLARE", "WRANGLER"]) {
  same(`${pin.toLowerCase()} in package.json`, wanted[pin.toLowerCase()], pinned[pin]);
}

for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "versions agree" : `${problems.length} versions differ`);
process.exitCode = problems.length === 0 ? 0 : 1;
