import { CARD_ENCODINGS, pixelsOf } from "../image/pixel-formats.js";
import { CARD_VERSION, LAYOUTS } from "./card-schema.js";
import { axesOf, elementCount, type Tensor, type Tensors, tensorText } from "./tensors.js";

/**
 * A card for this model to fill in: tensor names, sizes and the image layout are filled in, everything else is `null`
 * with a comment that says what belongs there, so that an unfilled card is refused.
 */
export function cardTemplate(tensors: Tensors, name: string): string {
  const torque = tensors.outputs[0];
  const cameras = tensors.inputs.filter(looksLikeImage);
  const isChunk = torque !== undefined && torque.shape.length === 3 && torque.shape[1]! > 1;
  const joints = torque === undefined ? 1 : isChunk ? torque.shape[2]! : elementCount(torque.shape);
  const lines = [
    `torquelens_card: ${CARD_VERSION}`,
    `name: ${JSON.stringify(name)}`,
    "control_period: null # seconds between two torques",
    `joints: [${Array(joints).fill("null").join(", ")}] # joint names, in the torque output's order`,
    "torque:",
    `  output: ${JSON.stringify(torque?.name ?? "")}${alternatives(tensors.outputs)}`,
    ...(isChunk ? [`  step: null # which of the ${torque.shape[1]} actions is the torque, 0 for the first`] : []),
    "  limits: null # N·m, one number or one per joint; without limits delete this line and give idle_threshold",
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
  (shape.length === 4 || shape.length === 5) && [1, 3].some((n) => n === shape.at(-3) || n === shape.at(-1));

function imageLines(tensor: Tensor, only: boolean): string[] {
  const possible = LAYOUTS.filter((layout) => layout.length === tensor.shape.length);
  const layouts = possible.filter((layout) => [1, 3].includes(axesOf(tensor.shape, layout).channels));
  const layout = layouts.length === 1 ? layouts[0]! : undefined;
  const mono = layout !== undefined && axesOf(tensor.shape, layout).channels === 1;
  return [
    `  ${JSON.stringify(tensor.name)}: # ${tensorText(tensor)}`,
    `    modality: ${only ? "image" : tensor.name.replace(/^(?=\d)|\W/g, "_")}`,
    `    encoding: ${mono ? encodingOfOneChannel() : `null # ${encodingsOf(3).join(" or ")}`}`,
    `    layout: ${layout ?? `null # ${possible.join(" or ")}`}`,
    `    range: ${tensor.dtype === "uint8" ? "[0, 255]" : "null # [low, high] of a pixel in the tensor's own units"}`,
  ];
}

const encodingsOf = (channels: number) => CARD_ENCODINGS.filter((name) => pixelsOf(name).channels === channels);

function encodingOfOneChannel(): string {
  const [grey, ...others] = encodingsOf(1);
  return `${grey} # or ${others.join(", ")} for depth`;
}

function sliceLines(tensor: Tensor): string[] {
  const isWhole = tensor.dtype.startsWith("int") || tensor.dtype === "bool";
  const modalities = isWhole
    ? "language for tokens, or the name of what it counts"
    : "joint_position, joint_velocity, end_effector_position, end_effector_velocity, …";
  return [
    `  ${JSON.stringify(tensor.name)}: # ${tensorText(tensor)}; split into one slice per modality`,
    `    - modality: null # ${modalities}`,
    "      start: 0",
    `      size: ${elementCount(tensor.shape)}`,
  ];
}
