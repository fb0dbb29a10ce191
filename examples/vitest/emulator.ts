import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The URL of the emulator. */
    emulator: string;
  }
}

/** Provides the URL of the emulator: UPTRENDS_EMULATOR, or else one is started on a free port, once a run. */
export default async function setup(project: TestProject) {
  const running = process.env.UPTRENDS_EMULATOR;
  if (running) {
    project.provide("emulator", running);
    return;
  }
  const program = process.env.UPTRENDS_BINARY ?? "uptrends-emulator";
  const flags = ["--listen", "127.0.0.1:0", "--log", "warn"];
  const emulator = spawn(program, flags, { stdio: ["ignore", "pipe", "inherit"] });

  // It prints one line when it is ready, which ends with its URL, and none if it cannot start.
  const ended = once(emulator, "exit");
  const failed = ended.then(() => Promise.reject(new Error("the emulator cannot start")));
  const [line]: string[] = await Promise.race([once(createInterface(emulator.stdout), "line"), failed]);
  project.provide("emulator", line.split(" ").at(-1)!);

  return async () => {
    emulator.kill();
    await ended;
  };
}
