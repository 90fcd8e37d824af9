import { CARD_VERSION } from "./card-schema.js";
import { axesOf, elementCount, type Tensor, type Tensors, tensorText } from "./tensors.js";

/**
 * A card for this very model to fill in: tensor names, sizes and the image layout are known, everything else is left
 * `null` with a comment saying what belongs there, so that an unfilled card is refused rather than believed.
 */
export function cardTemplate(tensors: Tensors, name: string): string {
  const torque = tensors.outputs[0];
  const cameras = tensors.inputs.filter(looksLikeImage);
  const joints = torque === undefined ? 1 : elementCount(torque.shape);
  const lines = [
    `torquelens_card: ${CARD_VERSION}`,
    `name: ${JSON.stringify(name)}`,
    "control_period: null # seconds between two torques",
    `joints: [${Array(joints).fill("null").join(", ")}] # joint names, in the torque output's order`,
    "torque:",
    `  output: ${JSON.stringify(torque?.name ?? "")}${alternatives(tensors.outputs)}`,
    "  limits: null # N·m, one number or one a joint; without limits delete this line and give idle_threshold",
    "inputs:",
    ...tensors.inputs.flatMap((tensor) =>
      looksLikeImage(tensor) ? imageLines(tensor, cameras.length === 1) : sliceLines(tensor),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const alternatives = (outputs: readonly Tensor[]): string =>
  outputs.length > 1
    ? ` # or ${outputs
        .map((output) => output.name)
        .slice(1)
        .join(", ")}`
    : "";

const looksLikeImage = ({ shape }: Tensor): boolean =>
  shape.length === 4 && [1, 3].some((n) => n === shape[1] || n === shape[3]);

function imageLines(tensor: Tensor, only: boolean): string[] {
  const layouts = (["NHWC", "NCHW"] as const).filter((layout) =>
    [1, 3].includes(axesOf(tensor.shape, layout).channels),
  );
  const layout = layouts.length === 1 ? layouts[0]! : undefined;
  const mono = layout !== undefined && axesOf(tensor.shape, layout).channels === 1;
  return [
    `  ${JSON.stringify(tensor.name)}: # ${tensorText(tensor)}`,
    `    modality: ${only ? "image" : tensor.name.replace(/^(?=\d)|\W/g, "_")}`,
    `    encoding: ${mono ? "mono8" : "null # rgb8 or bgr8"}`,
    `    layout: ${layout ?? "null # NHWC or NCHW"}`,
    `    range: ${tensor.dtype === "uint8" ? "[0, 255]" : "null # [low, high] of a pixel in the tensor's own units"}`,
  ];
}

function sliceLines(tensor: Tensor): string[] {
  return [
    `  ${JSON.stringify(tensor.name)}: # ${tensorText(tensor)}; split into one slice a modality`,
    "    - modality: null # joint_position, joint_velocity, end_effector_position, end_effector_velocity, …",
    "      start: 0",
    `      size: ${elementCount(tensor.shape)}`,
  ];
}
