// Explains the torques for one camera image, and writes the heatmap over the image.
//
//   npx tsx examples/explain.ts [overlay.png]
//
// In a project of your own: ONNXRUNTIME_NODE_INSTALL=skip npm install torquelens tsx, copy this file and examples/data, and run it the same way.
import { readFile, writeFile } from "node:fs/promises";
import { Explainer, type ImageModality, loadPolicy, observe, overlay, shippedPolicy } from "torquelens";
import { decodeFile, encodePng } from "torquelens/image";

const policy = await loadPolicy(shippedPolicy("reacher")); // or your own policy.onnx with its card policy.yaml
const camera = policy.modalities.find((modality): modality is ImageModality => modality.kind === "image")!;
const image = await decodeFile(await readFile(new URL("data/camera.png", import.meta.url)), camera);
const observation = observe({
  image,
  joint_position: [-1.1018, 1.0554], // rad
  joint_velocity: [5.4474, 0.9225], // rad/s
  end_effector_position: [0.1841, -0.1131, 0], // m
  end_effector_velocity: [0.6215, 1.1226, 0], // m/s
});

const explainer = await Explainer.create(policy, { method: "dtd" });
const explanation = await explainer.explain(observation);
await explainer.close();

const { joints, torque, modalities, shares, heatmaps } = explanation;
for (const [j, joint] of joints.entries()) console.log(`${joint}: ${torque[j]!.toFixed(4)} N·m`);
for (const [m, modality] of modalities.entries()) console.log(`${modality}: ${(100 * shares[m]!).toFixed(1)} %`);
await writeFile(process.argv[2] ?? "overlay.png", await encodePng(overlay(image, heatmaps.image!)));
