import { fileURLToPath } from "node:url";

/** What the package calls this platform. */
export const platform = `${process.platform}-${process.arch}`;

const name = process.platform === "win32" ? "uptrends-emulator.exe" : "uptrends-emulator";

/** Where the package keeps the binary for this platform. */
export const nativePath = fileURLToPath(new URL(`native/${platform}/${name}`, import.meta.url));
