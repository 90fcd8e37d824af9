import { expect, test } from "vitest";
import { newestOf } from "../../viewer/src/source/newest.js";
import type { Source } from "../../viewer/src/source/source.js";

/** Sources that are opened when the test says so, and what became of them. */
function opened() {
  const told: string[] = [];
  const open = newestOf(
    (source) => told.push(`shown ${(source as unknown as { name: string }).name}`),
    ({ message }) => told.push(`failed ${message}`),
  );
  const opening = (name: string) => {
    let [resolve, reject] = [(_: Source) => {}, (_: Error) => {}];
    const promise = new Promise<Source>((yes, no) => {
      [resolve, reject] = [yes, no];
    });
    const done = open(promise);
    const source = { name, close: () => told.push(`closed ${name}`) } as unknown as Source;
    return {
      opens: () => {
        resolve(source);
        return done;
      },
      fails: () => {
        reject(new Error(name));
        return done;
      },
    };
  };
  return { told, opening };
}

test("shows what was asked for last, whichever opens last", async () => {
  const { told, opening } = opened();
  const [first, second] = [opening("first"), opening("second")];
  await second.opens();
  await first.opens();
  expect(told).toEqual(["shown second", "closed first"]);
  await opening("third").opens();
  expect(told.slice(2)).toEqual(["shown third"]);
});

test("tells the failure of the last alone", async () => {
  const { told, opening } = opened();
  const [first, second] = [opening("first"), opening("second")];
  await first.fails();
  await second.fails();
  expect(told).toEqual(["failed second"]);
});
