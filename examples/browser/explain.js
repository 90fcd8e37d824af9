// Runs a compiled policy by onnxruntime-web. index.html uses it; it runs in Node.js too.

/**
 * @param {typeof import("onnxruntime-web")} ort
 * @param {ArrayBuffer} model the compiled file
 * @param {Uint8Array} pixels red, green, blue, one byte each: [96 × 96 × 3]
 * @param {readonly number[]} configuration in the order of the policy card, SI units
 * @returns {Promise<{ torque: Float32Array, shares: Float32Array, heatmap: Float32Array }>} heatmap: N·m, [96 × 96]
 */
export async function explain(ort, model, pixels, configuration) {
  const session = await ort.InferenceSession.create(model);
  const results = await session.run(
    {
      image: new ort.Tensor("uint8", pixels, [1, 96, 96, 3]),
      configuration: new ort.Tensor("float32", Float32Array.from(configuration), [1, 10]),
      // One number a torque; [1, 0] explains the first torque alone.
      "torquelens.importance": new ort.Tensor("float32", Float32Array.of(1, 1), [2]),
    },
    ["torque", "torquelens.shares", "torquelens.heatmap.image"],
  );
  await session.release();
  return {
    torque: results.torque.data,
    shares: results["torquelens.shares"].data,
    heatmap: results["torquelens.heatmap.image"].data,
  };
}

/** @param {ArrayLike<number>} rgba a canvas's pixels */
export const toRgb = (rgba) =>
  Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, i) => rgba[i + Math.floor(i / 3)]);
