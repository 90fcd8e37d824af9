import { expect, it } from "vitest";
import { Allowance } from "#src/foxglove/server/allowance.js";

it("lets a client send a burst, then 40 messages a second", () => {
  const allowance = new Allowance(0);
  for (let i = 0; i < 200; i++) expect(allowance.message(0)).toBeUndefined();
  for (let i = 1; i <= 200; i++) expect(allowance.message(i * 25)).toBeUndefined();
  expect(allowance.message(5000)).toBe("more than 40 messages a second");
});

it("allows no more than the burst after a long silence", () => {
  const allowance = new Allowance(0);
  for (let i = 0; i < 200; i++) expect(allowance.message(1e9)).toBeUndefined();
  expect(allowance.message(1e9)).toBeDefined();
});

it("lets a client make 20 errors", () => {
  const allowance = new Allowance(0);
  for (let i = 0; i < 20; i++) expect(allowance.error()).toBeUndefined();
  expect(allowance.error()).toBe("more than 20 messages with errors");
});
