import { expect, test } from "vitest";
import { unlessAborted } from "#src/ros/explain/abandon.js";

test("what is made in time is given; errors are the promise's own", async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(7), signal, () => expect.unreachable())).toBe(7);
  await expect(unlessAborted(Promise.reject(new Error("no")), signal, () => expect.unreachable())).rejects.toThrow(
    "no",
  );
});

test("an abort is not held up by what is being made, which is given back when it is done", async () => {
  const ending = new AbortController();
  let finish = (_: string): void => undefined;
  const making = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const returned: string[] = [];
  const waiting = unlessAborted(making, ending.signal, (late) => returned.push(late));
  ending.abort(new Error("told to end"));
  await expect(waiting).rejects.toThrow("told to end");
  expect(returned).toEqual([]);
  finish("late");
  await making;
  await new Promise((resolve) => setImmediate(resolve));
  expect(returned).toEqual(["late"]);
  const before = unlessAborted(Promise.reject(new Error("no")), ending.signal, () => expect.unreachable());
  await expect(before).rejects.toThrow("told to end");
});
