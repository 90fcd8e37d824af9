import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { subjectOf } from "#src/explain/subject.js";
import { sizeOf } from "#src/graph/shape.js";
import { loadPolicy } from "#src/policy/policy.js";
import { compile } from "#src/relevance/compile.js";
import type { Device } from "#src/runtime/device.js";
import { Session } from "#src/runtime/session.js";
import { WorkerModels } from "#src/runtime/worker-models.js";
import { randoms, relativeError } from "../evaluate.js";

const path = new URL("../../models/reacher.onnx", import.meta.url).pathname;

describe.each<Device>(["cpu", "cuda", "webgpu", "auto"])("device %s", (device) => {
  it("is used, or the CPU with the reason in one line; the numbers are the same", async () => {
    const { graph, bytes } = compile(subjectOf(await loadPolicy(path)));
    const feeds = Object.fromEntries(
      Array.from(graph.inputs, ([name, { shape, dtype }]) => {
        const values = randoms(sizeOf(shape), 7, 0, dtype === "uint8" ? 255 : 1);
        return [name, { dtype, shape, data: dtype === "uint8" ? Uint8Array.from(values) : values }];
      }),
    );
    const run = async (on: Device) => {
      const session = await Session.create(bytes, { threads: 1, device: on });
      const outputs = await session.run(feeds);
      await session.release();
      return { session, outputs };
    };
    const { session, outputs } = await run(device);
    if (session.fallback === undefined) {
      if (device === "auto") expect(["cpu", "cuda"]).toContain(session.device);
      else expect(session.device).toBe(device);
    } else {
      expect(session.device).toBe("cpu");
      expect(session.fallback).toMatch(
        new RegExp(`^device ${device} is not available \\([^\\n]+\\); running on the CPU$`),
      );
    }
    const { outputs: expected } = await run("cpu");
    for (const [name, { data }] of Object.entries(expected))
      expect(relativeError(outputs[name]!.data as Float32Array, data as Float32Array), name).toBeLessThan(1e-3);
  });
});

it("a model that onnxruntime refuses is refused on any device, and a worker says where it runs", async () => {
  const broken = new Uint8Array([1, 2, 3]);
  await expect(Session.create(broken, { device: "cuda" })).rejects.toThrow(/^onnxruntime refused the model/);
  const worker = await WorkerModels.create({ reacher: new Uint8Array(readFileSync(path)) }, { device: "cuda" });
  expect(worker.device === "cuda" ? worker.fallback : worker.fallback?.split(" (")[0]).toBe(
    worker.device === "cuda" ? undefined : "device cuda is not available",
  );
  await worker.release();
});
