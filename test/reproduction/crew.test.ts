import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { shippedPolicy } from "#src/package-files.js";
import { reproduceItems } from "#src/reproduction/kim-choi/crew.js";
import { type Found, type Item, reproduceItem, workOfItem } from "#src/reproduction/kim-choi/items.js";
import { QUICK } from "#src/reproduction/kim-choi/workload.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

const item = (path = shippedPolicy("reacher")): Item => ({ kind: "anywhere", task: "reacher", path });

describe("items in threads of their own", () => {
  let alone: Found;
  let steps = 0;

  beforeAll(async () => {
    alone = await reproduceItem(item(), QUICK, { done: () => steps++ });
  });

  it("give the findings that they give in this thread, in their order, and count as many steps", async () => {
    const task = await loadTask("reacher", { width: 96, height: 96 });
    expect(steps).toBe(workOfItem(item(), task, QUICK));
    task.delete();
    let done = 0;
    const other: Item = { ...item(), path: shippedPolicy("reacher") };
    const found = await reproduceItems([item(), other], QUICK, {
      watch: (count) => {
        expect(count).toBeGreaterThanOrEqual(done);
        done = count;
      },
    });
    // What crosses threads keeps its values, not its classes.
    const plain = structuredClone(alone);
    expect(found).toEqual([plain, plain]);
    expect(done).toBe(2 * steps);
  });

  it("tell what is wrong with a policy, and leave no thread", async () => {
    const missing = item("/nowhere/reacher.onnx");
    const failed = reproduceItems([missing, item()], QUICK, {});
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(/^\/nowhere\/reacher\.onnx: /);
  });

  it("end with the signal's reason where it aborts on the way", async () => {
    const controller = new AbortController();
    const stopped = reproduceItems([item(), item()], QUICK, {
      signal: controller.signal,
      watch: (done) => done > 0 && controller.abort(new Error("enough")),
    });
    await expect(stopped).rejects.toThrow("enough");
  });
});
