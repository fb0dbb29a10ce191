import { test as base, inject } from "vitest";

/** An account of a test's own. */
export interface Uptrends {
  /** The URL of the API and the credentials of the account, for the program under test. */
  url: string;
  authorization: string;
  /** Sends a request to the API with these credentials. */
  send(method: string, path: string, body?: unknown): Promise<Response>;
  /** Calls the control API of this account: faults, clock, journal. */
  control(method: string, path: string, body?: unknown): Promise<Response>;
}

export const test = base.extend<{ uptrends: Uptrends }>({
  uptrends: async ({}, use) => {
    const accounts = `${inject("emulator")}/_emulator/accounts`;
    const made = await fetch(accounts, { method: "POST" });
    if (!made.ok) {
      throw new Error(`no account: ${made.status} ${await made.text()}`);
    }
    const { accountId, authorization, baseUrl } = await made.json();
    const call = (method: string, url: string, body: unknown, headers = {}) =>
      fetch(url, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } });

    await use({
      url: baseUrl,
      authorization,
      send: (method, path, body) => call(method, baseUrl + path, body, { Authorization: authorization }),
      control: (method, path, body) => call(method, `${accounts}/${accountId}${path}`, body),
    });
    await fetch(`${accounts}/${accountId}`, { method: "DELETE" });
  },
});
