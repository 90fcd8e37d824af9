import { checkAll } from "../errors.js";
import { largestSample, pixelsOf } from "../image/pixel-formats.js";
import { own } from "../own.js";
import { errorAt } from "../yaml/located.js";
import type { Card, CardImage, CardSlice } from "./card-schema.js";
import { checkJoints, checkOutputs } from "./check-outputs.js";
import { checkUnit, elementNames, JOINT_WISE, quantityOf, sliceSize } from "./quantities.js";

/** True for the slices of a configuration input, false for an image. */
export const isSlices = (input: CardImage | CardSlice[]): input is CardSlice[] => Array.isArray(input);

/**
 * Checks a card against itself: names given once, slices without overlaps and gaps, lists of the right length.
 * Throws InputError with a line for each violation.
 */
export function checkConsistency(card: Card, source: string): void {
  checkJoints(card, source);
  checkAll([
    () => once(card.joints, source, ["joints"], "joint"),
    () => {
      checkInputs(card, source);
      checkReferences(card, source);
    },
    () => checkOutputs(card, source),
    () => card.torque && checkLimits(card, card.torque, source),
    () => card.torque && checkStatistics(card.torque, card.joints.length, "joint", source, ["torque"]),
    ...Object.entries(card.state).map(([input, output]) => () => {
      const first = Object.keys(card.state).find((name) => own(card.state, name) === output)!;
      if (first === input) return;
      const again = `found ${JSON.stringify(output)} again, expected each output once: it feeds ${first}`;
      throw errorAt(source, ["state", input], again);
    }),
    () => card.arm && checkArm(card.arm, source),
    () => card.language && checkLanguage(card.language, source),
  ]);
}

function checkArm({ file, site, link, tf }: NonNullable<Card["arm"]>, source: string): void {
  if ((site === undefined) === (link === undefined)) {
    const found = site === undefined ? "neither site nor link" : "both site and link";
    throw errorAt(source, ["arm"], `found ${found}, expected one of them for the end effector`);
  }
  if (site === undefined) return;
  const why = file === undefined ? "without a file, a robot description has no sites" : "tf knows no sites";
  if (file === undefined || tf !== undefined)
    throw errorAt(source, ["arm", "site"], `found a site, expected link: ${why}`);
}

function checkLanguage(language: NonNullable<Card["language"]>, source: string): void {
  const { vocabulary, tokenizer } = language;
  if ((vocabulary === undefined) === (tokenizer === undefined)) {
    const found = vocabulary === undefined ? "neither vocabulary nor tokenizer" : "both vocabulary and tokenizer";
    throw errorAt(source, ["language"], `found ${found}, expected one of them`);
  }
  once(vocabulary ?? [], source, ["language", "vocabulary"], "word");
  const key = (["begin", "end", "unknown"] as const).find((mark) => language[mark] !== undefined);
  if (tokenizer !== undefined && key !== undefined)
    throw errorAt(source, ["language", key], "found a mark, expected none: the tokenizer has its own");
}

function once(names: readonly string[], source: string, path: readonly PropertyKey[], what: string): void {
  const firsts = new Map<string, number>();
  checkAll(
    names.map((name, index) => () => {
      const first = firsts.get(name);
      if (first === undefined) {
        firsts.set(name, index);
        return;
      }
      const again = `found ${JSON.stringify(name)} again (first at ${first}), expected each ${what} once`;
      throw errorAt(source, [...path, index], again);
    }),
  );
}

function checkInputs(card: Card, source: string): void {
  const inputs = Object.entries(card.inputs);
  if (inputs.length === 0) throw errorAt(source, ["inputs"], "found no input, expected at least one");
  const seen = new Set<string>();
  const claim = (modality: string, path: readonly PropertyKey[]) => {
    if (seen.has(modality)) {
      throw errorAt(source, [...path, "modality"], `found "${modality}" again, expected each modality once`);
    }
    seen.add(modality);
  };
  checkAll(
    inputs.flatMap(([tensor, input]) => {
      const path = ["inputs", tensor];
      if (isSlices(input)) return [() => checkSlices(card, input, source, path, claim)];
      return [
        () => claim(input.modality, path),
        () => checkScale(input, source, [...path, "scale"]),
        () => checkStatistics(input, pixelsOf(input.encoding).channels, "channel", source, path),
        () => checkFrames(input, source, [...path, "frames"]),
      ];
    }),
  );
}

function checkFrames({ frames, layout }: CardImage, source: string, path: readonly PropertyKey[]): void {
  if (frames === undefined || !layout.includes("T")) return;
  const found = `found ${frames} with the layout ${layout}`;
  throw errorAt(source, path, `${found}, expected none: the tensor's shape gives the number`);
}

function checkSlices(
  card: Card,
  slices: readonly CardSlice[],
  source: string,
  path: readonly PropertyKey[],
  claim: (modality: string, path: readonly PropertyKey[]) => void,
): void {
  let end = 0;
  let before = "";
  // The places of slices behind a wrong one follow from it: they are not told of.
  let isPlaced = true;
  const sizes = new Map<string, number>();
  const modalities = new Set<string>();
  const place = (slice: CardSlice, here: readonly PropertyKey[]) => {
    if (!isPlaced) return;
    isPlaced = false;
    const size = checkSize(card, slice, source, here);
    const earlier = sizes.get(slice.modality) ?? size;
    if (earlier !== size) {
      const expected = `${earlier}, the size of "${slice.modality}" at the step before`;
      throw errorAt(source, [...here, "size"], `found ${size}, expected ${expected}`);
    }
    sizes.set(slice.modality, size);
    if (slice.start < end) {
      throw errorAt(source, [...here, "start"], `found ${slice.start}, expected ${end}: it overlaps ${before}`);
    }
    if (slice.start > end) {
      const gap = slice.start === end + 1 ? `element ${end} is` : `elements ${end} to ${slice.start - 1} are`;
      throw errorAt(source, [...here, "start"], `found ${slice.start}, expected ${end}: ${gap} in no slice`);
    }
    end = slice.start + size;
    before = slice.modality;
    isPlaced = true;
  };
  checkAll(
    slices.flatMap((slice, index) => {
      const here = [...path, index];
      const isFirst = !modalities.has(slice.modality);
      modalities.add(slice.modality);
      return [
        () => isFirst && claim(slice.modality, here),
        () => checkStatistics(slice, sliceSize(slice), "element", source, here),
        () => once(slice.elements ?? [], source, [...here, "elements"], "element"),
        () => checkUnit(slice, quantityOf(slice), source, here),
        () => place(slice, here),
      ];
    }),
  );
}

function checkSize(card: Card, slice: CardSlice, source: string, path: readonly PropertyKey[]): number {
  const size = sliceSize(slice);
  if (size === undefined) throw errorAt(source, path, "found neither size nor elements, expected one of them");
  if (slice.elements !== undefined && slice.elements.length !== size) {
    const expected = `${slice.elements.length}, the number of names in elements`;
    throw errorAt(source, [...path, "size"], `found ${size}, expected ${expected}`);
  }
  if (elementNames(card, slice) === undefined) {
    const quantity = quantityOf(slice);
    const expected = JOINT_WISE.has(quantity)
      ? `${card.joints.length || "a list of joints"} (one per joint), or elements naming the joints`
      : "3 (x, y, z), or elements naming the components";
    throw errorAt(source, [...path, "size"], `found ${size}, expected ${expected}`);
  }
  return size;
}

/** Means and deviations must have one number per normalised element. */
function checkStatistics(
  given: { readonly mean?: readonly number[] | undefined; readonly std?: readonly number[] | undefined },
  size: number | undefined,
  what: string,
  source: string,
  path: readonly PropertyKey[],
): void {
  for (const key of ["mean", "std"] as const) {
    const length = given[key]?.length;
    if (size !== undefined && length !== undefined && length !== size)
      throw errorAt(source, [...path, key], `found a list of ${length}, expected ${size}, one per ${what}`);
  }
}

function checkScale(image: CardImage, source: string, path: readonly PropertyKey[]): void {
  const [low, high] = image.range;
  const steps = largestSample(image.encoding);
  const largest = (high - low) / steps;
  if (image.scale !== undefined && image.scale > largest * (1 + 1e-6)) {
    const expected = `at most ${largest}, so that ${steps} steps stay within the range [${low}, ${high}]`;
    throw errorAt(source, path, `found ${image.scale}, expected ${expected}`);
  }
}

function checkLimits(card: Card, { limits }: NonNullable<Card["torque"]>, source: string): void {
  if (Array.isArray(limits) && limits.length !== card.joints.length) {
    const expected = `${card.joints.length}, one per joint`;
    throw errorAt(source, ["torque", "limits"], `found a list of ${limits.length}, expected ${expected}`);
  }
  if (limits === undefined && card.idle_threshold === undefined) {
    throw errorAt(
      source,
      ["idle_threshold"],
      "missing, expected N·m (its default is 1e-3 of the sum of torque.limits, which are missing too)",
    );
  }
}

function checkReferences(card: Card, source: string): void {
  const slices = Object.values(card.inputs).flatMap((input) => (isSlices(input) ? input : []));
  const images = Object.values(card.inputs).flatMap((input) => (isSlices(input) ? [] : [input.modality]));
  const check = ([modality, reference]: [string, Card["reference"][string]]) => {
    const path = ["reference", modality];
    if (images.includes(modality)) {
      throw errorAt(source, path, "found a reference of an image, expected none: an image's range is its reference");
    }
    const slice = slices.find((candidate) => candidate.modality === modality);
    if (slice === undefined) {
      const known = slices.map((candidate) => candidate.modality).join(", ") || "none (the card has only images)";
      throw errorAt(source, path, `unknown modality, expected one of ${known}`);
    }
    if (reference === "zero") return;
    const [kind, values] = "mean" in reference ? ["mean", reference.mean] : ["values", reference.values];
    const size = sliceSize(slice);
    if (values.length !== size) {
      throw errorAt(source, [...path, kind], `found a list of ${values.length}, expected ${size}, one per element`);
    }
  };
  checkAll(Object.entries(card.reference).map((entry) => () => check(entry)));
}
