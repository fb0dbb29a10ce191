#!/usr/bin/env node
// Runs the binary with this process's arguments and streams, passes signals on, and ends as it does.
import { spawn } from "node:child_process";

import { binaryPath } from "./index.js";

function fail(error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}

let path;
try {
  path = binaryPath();
} catch (error) {
  fail(error);
}

let child;
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
  // On Windows, Ctrl-C reaches the binary without our help, and passing a signal on would kill it.
  process.on(signal, () => process.platform === "win32" || child.kill(signal));
}
child = spawn(path, process.argv.slice(2), { stdio: "inherit" });
child.on("error", fail);
child.on("exit", (code, signal) => {
  if (signal) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  } else {
    process.exitCode = code;
  }
});
