import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { nativePath, platform } from "./native.js";

export const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

export function binaryPath() {
  if (!existsSync(nativePath)) {
    const folder = fileURLToPath(new URL(".", import.meta.url));
    throw new Error(
      `uptrends-emulator has no binary for ${platform}: ${nativePath} does not exist. ` +
        `In a checkout, npm run prepare --prefix ${folder} builds it.`,
    );
  }
  return nativePath;
}
