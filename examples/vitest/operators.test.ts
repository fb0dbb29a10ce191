import { expect } from "vitest";
import { test } from "./uptrends.ts";

const operator = { FullName: "Third Operator", Email: "third@example.com" };

test("a new operator is listed", async ({ uptrends }) => {
  expect((await uptrends.send("POST", "/Operator", operator)).status).toBe(201);

  const listed = await (await uptrends.send("GET", "/Operator")).json();
  expect(listed).toHaveLength(3);
  expect(listed[2]).toMatchObject(operator);
});

test("an address is taken once", async ({ uptrends }) => {
  expect((await uptrends.send("POST", "/Operator", operator)).status).toBe(201);

  const refused = await uptrends.send("POST", "/Operator", operator);
  expect(refused.status).toBe(403);
  expect((await refused.json()).Messages[0].Message).toMatch(/^Email: /);
});

test("a response is lost, but not the change", async ({ uptrends }) => {
  const fault = {
    match: { method: "POST", path: "/v4/Operator" },
    effect: { network: "reset" },
    when: "after",
    count: 1,
  };
  expect((await uptrends.control("POST", "/faults", fault)).status).toBe(201);

  await expect(uptrends.send("POST", "/Operator", operator)).rejects.toThrow();
  expect(await (await uptrends.send("GET", "/Operator")).json()).toHaveLength(3);
});
