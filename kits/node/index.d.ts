/** The version of the package, which is that of its binary. */
export const version: string;

/**
 * Returns the path of the emulator's binary for this platform.
 *
 * @throws {Error} if the package has none
 */
export function binaryPath(): string;
