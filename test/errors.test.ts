import { expect, it } from "vitest";
import { checkAll, InputError } from "#src/errors.js";

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

it("a message counts the problems that it does not list, also when errors are joined", () => {
  const problems = (count: number) => Array.from({ length: count }, (_, i) => `problem ${i}`);
  const thrown = (count: number) => () => {
    throw new InputError(problems(count));
  };
  expect(new InputError(problems(20)).problems).toEqual(problems(20));
  expect(new InputError(problems(21)).problems).toEqual([...problems(20), "and 1 more problem"]);
  const joined = () => checkAll([thrown(100_000), thrown(100_000), thrown(22)]);
  expect(joined).toThrow(/; problem 19; and 99980 more problems$/);
});
