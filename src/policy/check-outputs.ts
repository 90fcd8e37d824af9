import { checkAll } from "../errors.js";
import { CHOSEN } from "../outputs/choice.js";
import { kindNamed } from "../outputs/kinds.js";
import { errorAt } from "../yaml/located.js";
import type { Card, CardOutput } from "./card-schema.js";
import { entriesOf, type OutputSlice, outputNames, outputSlices, stepsIn, usedSlices, widthIn } from "./outputs.js";
import { presentPlaces } from "./present.js";
import { type Tensor, tensorText } from "./tensors.js";

type Path = readonly PropertyKey[];

/** Checks that a card of torques names their joints, which most other checks count on. Throws InputError. */
export function checkJoints(card: Card, source: string): void {
  if (card.torque !== undefined && card.joints.length === 0)
    throw errorAt(source, ["joints"], "missing, expected a list of joint names, one per torque");
}

/**
 * Checks the outputs of a card against the card: names that are known and given once, slices without gaps, units that
 * fit the kind, lists of the right length, and targets whose present value is among the inputs.
 * Throws InputError with a line for each violation.
 */
export function checkOutputs(card: Card, source: string): void {
  const given = (["torque", "outputs", "actions"] as const).filter((key) => card[key] !== undefined);
  if (given.length > 1)
    throw errorAt(source, [given.at(-1)!], `found beside ${given.slice(0, -1).join(" and ")}, expected one of them`);
  if (card.actions) {
    checkActions(card.actions, source);
    return;
  }
  if (card.torque !== undefined) return;
  const tensors = Object.entries(card.outputs ?? {});
  if (card.outputs === undefined) throw errorAt(source, ["torque"], "missing, expected torque, outputs or actions");
  if (tensors.length === 0)
    throw errorAt(source, ["outputs"], "found no output, expected at least one output tensor and its kind");
  // Later checks read the slices, whose sizes must be known first.
  checkAll(
    tensors.map(
      ([tensor, outputs]) =>
        () =>
          checkTensor(card, tensor, outputs, source),
    ),
  );
  const slices = usedSlices(card);
  if (slices.length === 0) throw errorAt(source, ["outputs"], "found no output that is used, expected at least one");
  const firsts = new Set<string>();
  checkAll([
    ...slices.map(({ elements, path }) => () => {
      const again = elements.find((name, i) => firsts.has(name) || elements.indexOf(name) < i);
      for (const name of elements) firsts.add(name);
      if (again === undefined) return;
      throw errorAt(
        source,
        path,
        `found ${JSON.stringify(again)} again, expected each output's name once: give elements`,
      );
    }),
    ...slices.map((slice) => () => checkPresent(card, slice, source)),
    () => {
      if (card.idle_threshold !== undefined) return;
      const unlimited = slices.find(({ kind, limits }) => kind === "joint_torque" && limits === undefined);
      if (unlimited)
        throw errorAt(
          source,
          [...unlimited.path, "limits"],
          "missing, expected the torques' limits, or idle_threshold",
        );
    },
  ]);
}

/** Names that are given once, of more than one action. */
function checkActions({ names }: NonNullable<Card["actions"]>, source: string): void {
  checkAll([
    () => {
      if (names.length > 1) return;
      throw errorAt(source, ["actions", "names"], "found one action, expected two or more to choose among");
    },
    ...names.map((name, i) => () => {
      const path = ["actions", "names", i];
      if (name === CHOSEN)
        throw errorAt(
          source,
          path,
          `found ${JSON.stringify(name)}, expected another name: it stands for any action that is taken`,
        );
      const first = names.indexOf(name);
      if (first < i)
        throw errorAt(
          source,
          path,
          `found ${JSON.stringify(name)} again (first at ${first}), expected each action once`,
        );
    }),
  ]);
}

function checkTensor(card: Card, tensor: string, outputs: NonNullable<Card["outputs"]>[string], source: string): void {
  let end = 0;
  let isPlaced = true;
  const entries = entriesOf(outputs, ["outputs", tensor]);
  checkAll(
    entries.flatMap(({ entry, path }) => [
      () => {
        // The places of slices behind a wrong one follow from it.
        if (!isPlaced) return;
        isPlaced = false;
        const { length } = checkNames(card, entry, tensor, source, path);
        const { start = end } = entry;
        if (start !== end) {
          const why = start < end ? "it overlaps the slice before" : `elements ${end} to ${start - 1} are in no slice`;
          throw errorAt(source, [...path, "start"], `found ${start}, expected ${end}: ${why}`);
        }
        end = start + length;
        isPlaced = true;
        checkLists(entry, length, source, path);
      },
      () => checkUnits(entry, source, path),
      ...(["chunk", "step"] as const).map((key) => () => {
        const [first] = entries;
        if (entry[key] === undefined || entry[key] === first!.entry[key]) return;
        const expected = `${first!.entry[key] ?? "none"}, as in the tensor's first slice`;
        throw errorAt(source, [...path, key], `found ${entry[key]}, expected ${expected}`);
      }),
    ]),
  );
}

function checkNames(card: Card, entry: CardOutput, tensor: string, source: string, path: Path): readonly string[] {
  const { kind, elements, size } = entry;
  if (elements !== undefined && size !== undefined && elements.length !== size)
    throw errorAt(
      source,
      [...path, "size"],
      `found ${size}, expected ${elements.length}, the number of names in elements`,
    );
  const by = kindNamed(kind).elements;
  const names = outputNames(card, entry, tensor);
  if (names === undefined) {
    const what =
      by === "joints"
        ? `${card.joints.length || "a list of joints"} (one per joint), or elements naming the joints`
        : by === "pose"
          ? "3 (x, y, z), 6 (x, y, z, roll, pitch, yaw), 7 (x, y, z and a quaternion), or elements naming the components"
          : "elements naming them";
    if (size === undefined) throw errorAt(source, path, `found neither size nor elements of ${kind}, expected ${what}`);
    throw errorAt(source, [...path, "size"], `found ${size}, expected ${what}`);
  }
  if (by !== "joints" || elements === undefined) return names;
  const strange = elements.findIndex((name) => !card.joints.includes(name));
  if (strange < 0) return names;
  const known = card.joints.length > 0 ? `one of joints (${card.joints.join(", ")})` : "it in the list joints";
  throw errorAt(
    source,
    [...path, "elements", strange],
    `found ${JSON.stringify(elements[strange])}, expected ${known}`,
  );
}

function checkLists(entry: CardOutput, size: number, source: string, path: Path): void {
  for (const key of ["unit", "mean", "std", "limits"] as const) {
    const given = entry[key];
    if (Array.isArray(given) && given.length !== size)
      throw errorAt(source, [...path, key], `found a list of ${given.length}, expected ${size}, one per element`);
  }
  const { reference } = entry;
  if (typeof reference === "object" && "values" in reference && reference.values.length !== size) {
    const found = `found a list of ${reference.values.length}`;
    throw errorAt(source, [...path, "reference", "values"], `${found}, expected ${size}, one per element`);
  }
}

function checkUnits({ kind, unit }: CardOutput, source: string, path: Path): void {
  const { units } = kindNamed(kind);
  const list = Array.isArray(unit) ? unit : unit === undefined ? [] : [unit];
  if (units === undefined) return;
  list.forEach((one, i) => {
    if (units.includes(one)) return;
    const degrees = /deg|°/.test(one) ? "; std turns degrees into rad" : "";
    const place = Array.isArray(unit) ? [...path, "unit", i] : [...path, "unit"];
    throw errorAt(source, place, `found ${JSON.stringify(one)}, expected ${alternatives(units)} for ${kind}${degrees}`);
  });
}

function checkPresent(card: Card, slice: OutputSlice, source: string): void {
  const { reference, kind, elements, path } = slice;
  const isPresent = reference === "present" || (typeof reference === "object" && "modality" in reference);
  if (!isPresent) return;
  const missing = presentPlaces(card, slice).indexOf(undefined);
  if (missing < 0) return;
  const name = JSON.stringify(elements[missing]);
  const what =
    typeof reference === "object" && "modality" in reference
      ? `the element ${name} of the modality ${JSON.stringify(reference.modality)}`
      : `the present ${(kindNamed(kind).present ?? "joint_position").replaceAll("_", " ")} of ${name}`;
  throw errorAt(
    source,
    [...path, "reference"],
    `found ${what} in no input, expected it there, or reference: zero, which explains the target itself`,
  );
}

/**
 * Checks the outputs of a card against the model's tensors: slices that cover one step of their tensor, a step that the
 * chunk has, floats. Throws InputError with a line for each violation.
 * @param find gives the tensor of a name, or throws
 */
export function checkOutputTensors(
  card: Card,
  source: string,
  find: (name: string, path: Path) => Tensor,
  floats: (tensor: Tensor, path: Path) => void,
): void {
  const slices = outputSlices(card);
  checkAll(
    [...new Set(slices.map(({ tensor }) => tensor))].map((name) => () => {
      const path = ["outputs", name];
      const tensor = find(name, path);
      floats(tensor, path);
      checkCover(
        slices.filter((slice) => slice.tensor === name),
        tensor,
        source,
        path,
      );
    }),
  );
}

/**
 * Checks the actions of a card against the model's tensors: as many names as the output has elements, or elements that it
 * has where `start` is given. Throws InputError.
 * @param find gives the tensor of a name, or throws
 */
export function checkActionTensor(
  { output, names, start, step, values, mask }: NonNullable<Card["actions"]>,
  source: string,
  find: (name: string, path: Path) => Tensor,
  floats: (tensor: Tensor, path: Path) => void,
): void {
  const path = ["actions", "output"];
  const tensor = find(output, path);
  floats(tensor, path);
  const found = `the output is ${tensorText(tensor)}`;
  const [steps, width] = [stepsIn(tensor.shape, undefined), widthIn(tensor.shape, undefined)];
  if (step !== undefined && step >= steps) throw errorAt(source, ["actions", "step"], stepProblem(step, steps, found));
  const one = values === "logits" ? "logit" : "probability";
  if (start === undefined && names.length !== width)
    throw errorAt(
      source,
      ["actions", "names"],
      `found ${names.length} names, expected ${width}, one per ${one}, or start, the first element of these actions: ${found}`,
    );
  if (start !== undefined && start + names.length > width)
    throw errorAt(
      source,
      ["actions", "start"],
      `found ${start}, expected at most ${width - names.length} for ${names.length} names: ${found}`,
    );
  if (mask !== undefined) checkMask(mask, source, find, floats);
}

/** The extents of a mask [1, 1, h, w], of which leading ones may be left out. @throws InputError */
function checkMask(
  name: string,
  source: string,
  find: (name: string, path: Path) => Tensor,
  floats: (tensor: Tensor, path: Path) => void,
): void {
  const path = ["actions", "mask"];
  const tensor = find(name, path);
  floats(tensor, path);
  const { shape } = tensor;
  if (shape.length >= 2 && shape.slice(0, -2).every((extent) => extent === 1)) return;
  throw errorAt(source, path, `the output is ${tensorText(tensor)}, expected [1, 1, height, width]`);
}

const stepProblem = (step: number, steps: number, found: string): string =>
  `found ${step}, expected ${steps === 1 ? "none: it holds a single step" : `one of 0 to ${steps - 1}`}: ${found}`;

function checkCover(slices: readonly OutputSlice[], tensor: Tensor, source: string, path: Path): void {
  const { chunk, step, path: first } = slices[0]!;
  const found = `the output is ${tensorText(tensor)}`;
  const { shape } = tensor;
  const isChunk = shape.length === 3 && shape[0] === 1;
  if (chunk !== undefined && isChunk && shape[1] !== chunk)
    throw errorAt(source, [...first, "chunk"], `found ${chunk}, expected ${shape[1]}: ${found}`);
  const width = widthIn(shape, chunk);
  if (!Number.isInteger(width))
    throw errorAt(source, [...first, "chunk"], `found ${chunk}, expected a divisor of its elements: ${found}`);
  const steps = stepsIn(shape, chunk);
  if (step !== undefined && step >= steps) throw errorAt(source, [...first, "step"], stepProblem(step, steps, found));
  const covered = slices.reduce((sum, { elements }) => sum + elements.length, 0);
  if (covered === width) return;
  const of = steps > 1 ? ` of each of ${steps} steps` : "";
  throw errorAt(
    source,
    path,
    `its kinds cover ${covered} element${covered === 1 ? "" : "s"}, expected ${width}${of}: ${found}`,
  );
}

const alternatives = (names: readonly string[]): string =>
  names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
