// Puts the binary for this platform into the package: the one that UPTRENDS_BINARY names, or one that cargo builds.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, renameSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { version } from "./index.js";
import { nativePath } from "./native.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** Ends with a sentence rather than a stack. */
function fail(reason) {
  console.error(`error: ${reason}`);
  process.exit(1);
}

/** Builds the binary, and returns the path that cargo tells: its target folder may be anywhere. */
function build() {
  const flags = ["--release", "--locked", "--bin", "uptrends-emulator", "--message-format", "json-render-diagnostics"];
  try {
    const messages = execFileSync("cargo", ["build", ...flags], {
      cwd: repository,
      encoding: "utf8",
      maxBuffer: Infinity,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const artifacts = messages.trim().split("\n").map((line) => JSON.parse(line));
    return artifacts.find(({ executable }) => executable).executable;
  } catch (error) {
    fail(error.code === "ENOENT" ? "install Rust, or name a binary in UPTRENDS_BINARY" : error.message);
  }
}

/** Returns what a binary says its version is. */
function versionOf(binary) {
  try {
    return execFileSync(binary, ["--version"], { encoding: "utf8" }).trim();
  } catch (error) {
    fail(`${binary} cannot be run: ${error.message}`);
  }
}

// npm runs scripts in the package's folder, and says where it was started itself.
const given = process.env.UPTRENDS_BINARY;
const binary = given ? resolve(process.env.INIT_CWD ?? "", given) : build();
const found = versionOf(binary);
if (found !== `uptrends-emulator ${version}`) {
  fail(`${binary} is "${found}", but package.json says ${version}`);
}

// In one step, since a binary that runs cannot be written to.
mkdirSync(dirname(nativePath), { recursive: true });
copyFileSync(binary, `${nativePath}.new`);
chmodSync(`${nativePath}.new`, 0o755);
renameSync(`${nativePath}.new`, nativePath);
copyFileSync(resolve(repository, "LICENSE"), fileURLToPath(new URL("LICENSE", import.meta.url)));
