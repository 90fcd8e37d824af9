import { CARD_ENCODINGS, pixelsOf } from "../image/pixel-formats.js";
import { CARD_VERSION, LAYOUTS } from "./card-schema.js";
import type { Habits, Slice } from "./exporters.js";
import { type GuessedKind, guessKinds, kindsByNames } from "./guessed-kinds.js";
import { cameraName, guessActions, guessOutput, guessSlices, stepSize, stepsOf } from "./guesses.js";
import { axesOf, elementCount, type Tensor, type Tensors, tensorText } from "./tensors.js";

/**
 * A card for this model to fill in: tensor names, sizes and the image layout are filled in, and modalities where names
 * and sizes suggest them, with a comment that they are a guess. Everything else is `null` with a comment that says what
 * belongs there, so that an unfilled card is refused.
 * @param actions names of the single actions, where something beside the model tells them
 * @param habits of the exporter that the model looks like one of
 */
export function cardTemplate(
  tensors: Tensors,
  name: string,
  actions: readonly string[] = [],
  habits: Habits = { by: "" },
): string {
  const choice = guessActions(tensors.outputs);
  const output = choice?.output ?? guessOutput(tensors.outputs);
  const cameras = tensors.inputs.filter(looksLikeImage);
  const readsWords = tensors.inputs.some(({ dtype, shape }) => dtype === "int64" && elementCount(shape) > 1);
  const guess = output && !choice && (kindsByNames(actions, stepSize(output)) ?? guessKinds(output, readsWords));
  const joints = habits.joints
    ? habits.joints.map((joint) => JSON.stringify(joint))
    : choice
      ? []
      : guess
        ? jointsOf(guess.kinds)
        : Array<string>(output ? stepSize(output) : 1).fill("null");
  const lines = [
    ...(tensors.unread ?? []).map(
      ({ name: output, why }) => `# the output ${output} cannot be read: ${why.replaceAll("\n", " ")}`,
    ),
    `torquelens_card: ${CARD_VERSION}`,
    `name: ${JSON.stringify(name)}`,
    `control_period: ${habits.period === undefined ? `null # seconds between two ${choice ? "actions" : guess || habits.outputs ? "commands" : "torques"}` : `${habits.period} # seconds, usual of ${habits.by}: check it`}`,
    ...(joints.length > 0 ? [`joints: [${joints.join(", ")}] # joint names, in the output's order`] : []),
    ...(habits.outputs
      ? [`outputs: # as ${habits.by} exports them: check them`, ...habits.outputs.map((line) => `  ${line}`)]
      : choice
        ? actionLines(choice.output, choice.values, tensors.outputs)
        : guess && output
          ? outputLines(output, guess.kinds, guess.by, tensors.outputs)
          : torqueLines(output, tensors)),
    "inputs:",
    ...tensors.inputs.flatMap((tensor) =>
      looksLikeImage(tensor) ? imageLines(tensor, cameras, habits) : sliceLines(tensor, joints.length, habits),
    ),
    ...(habits.state
      ? [
          "state:",
          ...Object.entries(habits.state).map(([input, out]) => `  ${JSON.stringify(input)}: ${JSON.stringify(out)}`),
        ]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

/** Elements of kinds that move joints, and grippers beside them, which are joints too; `null` where they have no names. */
function jointsOf(kinds: readonly GuessedKind[]): string[] {
  if (!kinds.some(({ kind }) => kind.startsWith("joint_"))) return [];
  return kinds.flatMap(({ kind, size, elements }) =>
    kind.startsWith("joint_") || kind === "gripper"
      ? (elements?.map((element) => JSON.stringify(element)) ?? Array<string>(size).fill("null"))
      : [],
  );
}

function outputLines(output: Tensor, kinds: readonly GuessedKind[], by: string, all: readonly Tensor[]): string[] {
  const steps = stepsOf(output);
  return [
    "outputs:",
    `  ${JSON.stringify(output.name)}: # ${tensorText(output)}; the kinds are a guess by ${by}: check them${alternatives(all, output).replace(" #", ";")}`,
    ...kinds.flatMap(({ kind, size, elements }, i) => [
      `    - kind: ${kind}`,
      elements ? `      elements: [${elements.map((name) => JSON.stringify(name)).join(", ")}]` : `      size: ${size}`,
      ...(i === 0 && steps > 1 ? [`      step: 0 # the first of the ${steps} steps that the robot executes`] : []),
      ...(kind === "joint_torque"
        ? ["      limits: null # N·m; without limits delete this line and give idle_threshold"]
        : []),
    ]),
  ];
}

function actionLines(output: Tensor, values: string, all: readonly Tensor[]): string[] {
  const names = Array<string>(stepSize(output)).fill("null").join(", ");
  return [
    `actions: # ${tensorText(output)}; a guess by name: check it`,
    `  output: ${JSON.stringify(output.name)}${alternatives(all, output)}`,
    `  names: [${names}] # of the actions, in the output's order`,
    `  values: ${values}`,
  ];
}

/** Of an output that does not tell what it is: torques. */
function torqueLines(output: Tensor | undefined, { outputs }: Tensors): string[] {
  const told = output !== undefined && /torque|tau|effort/i.test(output.name);
  const steps = output ? stepsOf(output) : 1;
  return [
    `torque:${told ? "" : " # a guess; outputs in its place for positions, velocities, poses, grippers (docs/outputs.md)"}`,
    `  output: ${JSON.stringify(output?.name ?? "")}${alternatives(outputs, output)}`,
    ...(steps > 1 ? [`  step: null # which of the ${steps} actions is the torque, 0 for the first`] : []),
    "  limits: null # N·m, one number or one per joint; without limits delete this line and give idle_threshold",
  ];
}

function alternatives(outputs: readonly Tensor[], torque: Tensor | undefined): string {
  const others = outputs.filter((output) => output !== torque);
  return others.length > 0 ? ` # or ${others.map(({ name }) => name).join(", ")}` : "";
}

const looksLikeImage = ({ shape }: Tensor): boolean =>
  (shape.length === 4 || shape.length === 5) && [1, 3].some((n) => n === shape.at(-3) || n === shape.at(-1));

function imageLines(tensor: Tensor, cameras: readonly Tensor[], { by, images }: Habits): string[] {
  const possible = LAYOUTS.filter((layout) => layout.length === tensor.shape.length);
  const layouts = possible.filter((layout) => [1, 3].includes(axesOf(tensor.shape, layout).channels));
  const layout = layouts.length === 1 ? layouts[0]! : undefined;
  const mono = layout !== undefined && axesOf(tensor.shape, layout).channels === 1;
  return [
    `  ${JSON.stringify(tensor.name)}: # ${tensorText(tensor)}`,
    `    modality: ${modalityOf(tensor, cameras)}`,
    `    encoding: ${mono ? encodingOfOneChannel() : images ? `${images.encoding} # as ${by}` : `null # ${encodingsOf(3).join(" or ")}`}`,
    `    layout: ${layout ?? `null # ${possible.join(" or ")}`}`,
    `    range: ${tensor.dtype === "uint8" ? "[0, 255]" : images ? `${images.range} # as ${by}` : "null # [low, high] of a pixel in the tensor's own units"}`,
  ];
}

const encodingsOf = (channels: number) => CARD_ENCODINGS.filter((name) => pixelsOf(name).channels === channels);

function encodingOfOneChannel(): string {
  const [grey, ...others] = encodingsOf(1);
  return `${grey} # or ${others.join(", ")} for depth`;
}

/** Of a single camera `image`, of several a name each. */
function modalityOf({ name }: Tensor, cameras: readonly Tensor[]): string {
  if (cameras.length === 1) return "image";
  const short = cameraName(name);
  const isOwn = cameras.filter((camera) => cameraName(camera.name) === short).length === 1;
  return isOwn ? short : name.replace(/^(?=\d)|\W/g, "_");
}

function sliceLines(tensor: Tensor, joints: number, habits: Habits): string[] {
  const isWhole = tensor.dtype.startsWith("int") || tensor.dtype === "bool";
  const modalities = isWhole
    ? "language for tokens, or the name of what it counts"
    : "joint_position, joint_velocity, end_effector_position, end_effector_velocity, …";
  const habit = habits.slices?.(tensor);
  const guess: readonly Slice[] | undefined = isWhole
    ? undefined
    : (habit ?? guessSlices(tensor.name, stepSize(tensor), joints));
  if (guess) {
    let start = 0;
    const lines = Array.from({ length: stepsOf(tensor) }, () => guess).flatMap((slices) =>
      slices.flatMap(({ modality, size, mean, std }) => {
        start += size;
        const normalised = mean && std ? [`      mean: [${mean.join(", ")}]`, `      std: [${std.join(", ")}]`] : [];
        return [`    - modality: ${modality}`, `      start: ${start - size}`, `      size: ${size}`, ...normalised];
      }),
    );
    return [
      `  ${JSON.stringify(tensor.name)}: # ${tensorText(tensor)}; the slices are ${habit ? `those of ${habits.by}` : "a guess by name and size"}: check them`,
      ...lines,
    ];
  }
  return [
    `  ${JSON.stringify(tensor.name)}: # ${tensorText(tensor)}; split into one slice per modality`,
    `    - modality: null # ${modalities}`,
    "      start: 0",
    `      size: ${elementCount(tensor.shape)}`,
  ];
}
