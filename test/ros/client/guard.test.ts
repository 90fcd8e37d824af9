import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { guarded } from "#src/ros/client/guard.js";

describe("callbacks", () => {
  test("nothing is thrown from one, at once or later, whatever it is", async () => {
    const failures: string[] = [];
    const failed = (where: string, error: Error) => failures.push(`${where}: ${error.message}`);
    const thrown: unknown[] = [new Error("broken"), "text", undefined, null, { code: 1 }];
    for (const error of thrown) {
      guarded(
        "now",
        () => {
          throw error;
        },
        failed,
      )();
      guarded("later", () => Promise.reject(error), failed)();
    }
    await turn();
    expect(failures).toHaveLength(10);
    expect(failures[0]).toBe("now: broken");
    expect(failures.filter((line) => line.startsWith("later:"))).toHaveLength(5);
  });

  test("not even where telling of it fails", async () => {
    const failed = () => {
      throw new Error("no logger");
    };
    guarded("x", () => Promise.reject(new Error("broken")), failed)();
    guarded("x", JSON.parse, failed)("{");
    await turn();
  });

  test("arguments go through", () => {
    const seen: unknown[] = [];
    guarded("x", (a: number, b: string) => seen.push(a, b), expect.fail)(1, "b");
    expect(seen).toEqual([1, "b"]);
  });
});
