#!/usr/bin/env bash
# onnxruntime's MaxPool and ReduceMax lose a NaN in most places of their window.
#
# Versions: onnxruntime-node 1.30.0, CPU, float32; the model is written with onnx-proto 8.0.1.
# PyTorch and NumPy give NaN wherever the window holds one. onnxruntime 1.30.0 does not: the place of the NaN decides.
# So a NaN in a camera image need not show in what a convolutional policy commands; refuse it before inference.
# Seen, NaN at each place of a window of 9 values (N: the result is NaN, .: it is not):
# `MaxPool .......N. ReduceMax N........`
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > run.mjs <<'JS'
import proto from "onnx-proto";
import ort from "onnxruntime-node";

const { onnx } = proto;
const value = (name, dims) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
});

function model(node, input, output) {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "max",
      node: [{ input: ["x"], output: ["y"], ...node }],
      input: [value("x", input)],
      output: [value("y", output)],
    },
  }).finish();
}

const ints = (name, values) => ({ name, type: 7, ints: values });
const cases = {
  MaxPool: model({ opType: "MaxPool", attribute: [ints("kernel_shape", [3, 3])] }, [1, 1, 3, 3], [1, 1, 1, 1]),
  ReduceMax: model({ opType: "ReduceMax", attribute: [ints("axes", [2, 3])] }, [1, 1, 3, 3], [1, 1, 1, 1]),
};

const seen = [];
for (const [name, bytes] of Object.entries(cases)) {
  const session = await ort.InferenceSession.create(bytes);
  let places = "";
  for (let place = 0; place < 9; place += 1) {
    const values = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    values[place] = Number.NaN;
    const { y } = await session.run({ x: new ort.Tensor("float32", values, [1, 1, 3, 3]) });
    places += Number.isNaN(y.data[0]) ? "N" : ".";
  }
  seen.push(`${name} ${places}`);
}
console.log(seen.join(" "));
JS
seen=$(node run.mjs)
echo "$seen"
[ "$seen" = "MaxPool .......N. ReduceMax N........" ]
