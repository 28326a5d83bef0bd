// A TypeScript client that openapi-typescript generates from openapi.json compiles, for what is sent and for what is answered.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const tool = (path) => join(root, "node_modules", path);

/** Compiles a program against the generated types; what the compiler says, empty when it is content. */
function compile(program) {
  const folder = mkdtempSync(join(tmpdir(), "openapi-client-"));
  try {
    const generated = spawnSync(process.execPath, [
      tool("openapi-typescript/bin/cli.js"), join(root, "openapi.json"), "--output", join(folder, "router.ts"),
    ], { encoding: "utf8", cwd: folder });
    assert.equal(generated.status, 0, generated.stdout + generated.stderr);
    writeFileSync(join(folder, "client.ts"), program);
    const options = "--noEmit --strict --exactOptionalPropertyTypes --target es2022 --module es2022 --moduleResolution bundler --lib es2022,dom";
    const compiled = spawnSync(process.execPath, [
      tool("typescript/bin/tsc"), ...options.split(" "), join(folder, "client.ts"),
    ], { encoding: "utf8", cwd: folder });
    return compiled.stdout + compiled.stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const sample = readFileSync(join(root, "tests/wire/openapi_client.ts"), "utf8");

test("the client compiles", () => {
  assert.equal(compile(sample), "");
});

test("the compiler finds a field that no answer has, and a value that no request may have", () => {
  const spoiled = sample.replace("rep.given_today", "rep.given_tomorrow").replace('strategy: "weighted"', 'strategy: "by hand"');
  const said = compile(spoiled);
  assert.match(said, /given_tomorrow/);
  assert.match(said, /"by hand"/);
});
