import { expect, it } from "vitest";
import { InputError } from "#src/errors.js";

const k = (n: number) => "k".repeat(n);

it("a message keeps names of usual length and cuts long ones in the middle", () => {
  expect(new InputError(`a.urdf: joint "${k(200)}" has no parent`).message).toBe(
    `a.urdf: joint "${k(200)}" has no parent`,
  );
  expect(new InputError(`a.urdf: joint "${k(100_000)}" has no parent`).message).toBe(
    `a.urdf: joint "${k(100)}…${k(100)}" has no parent`,
  );
  expect(new InputError(`c.yaml: inputs.${k(100_000)}: unknown`).message).toBe(
    `c.yaml: inputs.${k(193)}…${k(199)}: unknown`,
  );
});

it("a message of many names is cut as a whole", () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `joint${i}`);
  const { message } = new InputError(`expected one of ${names.join(", ")}`);
  expect(message).toMatch(/^expected one of joint0, joint1, .*….*, joint99998, joint99999$/);
  expect(message).toHaveLength(2001);
});
