// What the declarations promise to a program in TypeScript; `.ci/kits-check` compiles this.
import { binaryPath, version } from "uptrends-emulator";

export const path: string = binaryPath();
export const shown: `uptrends-emulator ${string}` = `uptrends-emulator ${version}`;

// @ts-expect-error: it is a string.
export const wrong: number = version;
