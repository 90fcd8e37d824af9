#!/usr/bin/env bash
# onnxruntime-node keeps a device identifier and a telemetry database on Linux once it has made a session.
#
# Version: onnxruntime-node 1.30.0 from npm, linux x64; the model is written with onnx-proto 8.0.1.
# A process that makes one session and ends leaves `deviceid` and `onnxruntime.db` below ~/.cache/Microsoft. The database
# is written at the end of the process. ORT_DISABLE_TELEMETRY=1 in its environment prevents both.
# Seen: `a session: deviceid onnxruntime.db, with ORT_DISABLE_TELEMETRY=1: nothing`
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > run.mjs <<'JS'
import proto from "onnx-proto";
import ort from "onnxruntime-node";

const value = (name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }] } } } });
const model = proto.onnx.ModelProto.encode({
  irVersion: 8,
  opsetImport: [{ domain: "", version: 17 }],
  graph: {
    name: "negative",
    node: [{ opType: "Neg", input: ["x"], output: ["y"] }],
    input: [value("x")],
    output: [value("y")],
  },
}).finish();
const session = await ort.InferenceSession.create(model);
await session.release();
JS

# Files that a run with a home of its own leaves there, by name.
left() {
  local home found
  home=$(mktemp -d -p "$folder")
  env -u XDG_CACHE_HOME HOME="$home" "$@" node run.mjs
  found=$(find "$home" -type f -printf '%f\n' | { grep -v -e -wal -e -shm -e -journal || true; } | sort | paste -sd' ')
  echo "${found:-nothing}"
}
seen="a session: $(left env), with ORT_DISABLE_TELEMETRY=1: $(left env ORT_DISABLE_TELEMETRY=1)"
echo "$seen"
[ "$seen" = "a session: deviceid onnxruntime.db, with ORT_DISABLE_TELEMETRY=1: nothing" ]
