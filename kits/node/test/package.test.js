// Tests the installed package with the real binary.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { binaryPath, version } from "uptrends-emulator";

const manifest = createRequire(import.meta.url).resolve("uptrends-emulator/package.json");
const command = join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin["uptrends-emulator"]);
const isWindows = process.platform === "win32";

/** Starts an emulator, and waits for the line that says it is ready. */
async function start(t, file, ...args) {
  const folder = mkdtempSync(join(tmpdir(), "uptrends-emulator-"));
  const readyFile = join(folder, "ready.json");
  const flags = ["--listen", "127.0.0.1:0", "--ready-file", readyFile, "--log", "warn"];
  const child = spawn(file, [...args, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  t.after(async () => {
    child.kill();
    await exit;
    rmSync(folder, { recursive: true });
  });
  const ended = exit.then((outcome) => assert.fail(`it ended before it was ready: ${outcome}`));
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), ended]);
  assert.match(line, /^uptrends-emulator ready on /);
  const ready = JSON.parse(readFileSync(readyFile, "utf8"));
  return { child, exit, ready };
}

async function operators(url) {
  const headers = { Authorization: `Basic ${btoa("emulator:emulator")}` };
  const response = await fetch(`${url}/v4/Operator`, { headers });
  assert.equal(response.status, 200);
  return response.json();
}

test("the binary and the command have the version of the package", () => {
  for (const [file, ...args] of [[binaryPath()], [process.execPath, command]]) {
    const shown = spawnSync(file, [...args, "--version"], { encoding: "utf8" });
    assert.equal(shown.stdout, `uptrends-emulator ${version}\n`);
    assert.equal(shown.status, 0);
  }
});

test("the binary serves the API", async (t) => {
  const { child, ready } = await start(t, binaryPath());
  assert.equal(ready.pid, child.pid);
  assert.equal((await operators(ready.url)).length, 2);
});

test("the command serves the API, and ends with the binary", { skip: isWindows }, async (t) => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    const { child, exit, ready } = await start(t, process.execPath, command);
    assert.equal((await operators(ready.url)).length, 2);
    child.kill(signal);
    assert.deepEqual(await exit, [0, null]);
    assert.throws(() => process.kill(ready.pid, 0), { code: "ESRCH" });
  }
});

test("the command ends by the signal that ended the binary", { skip: isWindows }, async (t) => {
  const { exit, ready } = await start(t, process.execPath, command);
  process.kill(ready.pid, "SIGKILL");
  assert.deepEqual(await exit, [null, "SIGKILL"]);
});

test("the command has the exit code of the binary", () => {
  const refused = spawnSync(process.execPath, [command, "--port", "9000"], { encoding: "utf8" });
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /--listen/);
});
