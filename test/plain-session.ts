import { ort } from "#src/runtime/onnxruntime.js";
import type { TensorData } from "#src/runtime/session.js";

/** A session without onnxruntime's own optimisation of the graph, which takes most of a small model's loading. */
export async function plainSession(model: Uint8Array) {
  const session = await ort.InferenceSession.create(model, {
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { set_denormal_as_zero: "1" } },
  });
  return {
    async run(feeds: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>> {
      const tensors = Object.entries(feeds).map(
        ([name, { dtype, data, shape }]) =>
          [name, new ort.Tensor(dtype as ort.Tensor.Type, data as Float32Array, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(tensors));
      return Object.fromEntries(
        Object.entries(results).map(([name, { type, dims, data }]) => [
          name,
          { dtype: type as TensorData["dtype"], shape: dims, data },
        ]),
      );
    },
    release: () => session.release(),
  };
}
