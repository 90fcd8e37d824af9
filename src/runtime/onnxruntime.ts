import "./no-telemetry.js";
import ort from "onnxruntime-node";

/** onnxruntime, loaded with its telemetry off. */
export { ort };
