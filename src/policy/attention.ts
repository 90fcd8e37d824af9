import { checkAll } from "../errors.js";
import { own } from "../own.js";
import { errorAt } from "../yaml/located.js";
import type { CardAttention } from "./attention-schema.js";
import type { Card } from "./card-schema.js";
import { isSlices } from "./consistency.js";
import { axesOf, type Tensor, type Tensors, tensorText } from "./tensors.js";

/** Along one axis of an image: what each place of a map's grid sees. */
export interface Places {
  readonly count: number;
  /** Pixels of the image. */
  readonly extent: number;
  /** Pixels from a place to the next. */
  readonly stride: number;
  /** Pixels that a place sees. */
  readonly field: number;
  /** Pixels by which the first place reaches beyond the edge. */
  readonly padding: number;
}

/** An output of the policy that holds attention maps, [1, Q, h, w]. */
export interface AttentionOutput {
  readonly tensor: string;
  /** Image modality that the maps lie on. */
  readonly modality: string;
  /** Names of the Q maps. */
  readonly queries: readonly string[];
  readonly down: Places;
  readonly across: Places;
}

type Path = readonly PropertyKey[];

/** The attention maps of a card in its order. The card must fit the model (`checkAttention`). */
export function attentionOf(card: Card, tensors: Tensors): AttentionOutput[] {
  return Object.entries(card.attention).map(([name, entry]) => {
    const tensor = tensors.outputs.find((output) => output.name === name)!;
    const size = imageSize(card, entry.modality, tensors.inputs)!;
    const [, maps = 0, rows = 0, columns = 0] = tensor.shape;
    const places = (axis: 0 | 1, count: number, extent: number): Places => {
      const stride = along(entry.stride, axis) ?? 1;
      const field = along(entry.field, axis) ?? stride;
      return { count, extent, stride, field, padding: along(entry.padding, axis) ?? 0 };
    };
    return {
      tensor: name,
      modality: entry.modality,
      queries: queryNames(name, entry, maps),
      down: places(0, rows, size.height),
      across: places(1, columns, size.width),
    };
  });
}

/** Names of the image modalities with attention maps, each once. */
export const attendedModalities = (outputs: readonly AttentionOutput[]): string[] => [
  ...new Set(outputs.map(({ modality }) => modality)),
];

const along = (numbers: CardAttention["stride"], axis: 0 | 1): number | undefined =>
  typeof numbers === "object" ? numbers[axis] : numbers;

const queryNames = (tensor: string, { queries }: CardAttention, maps: number): readonly string[] =>
  queries ?? (maps === 1 ? [tensor] : Array.from({ length: maps }, (_, i) => String(i + 1)));

function imageSize(card: Card, modality: string, inputs: readonly Tensor[]) {
  for (const tensor of inputs) {
    const input = own(card.inputs, tensor.name);
    if (input && !isSlices(input) && input.modality === modality) return axesOf(tensor.shape, input.layout);
  }
  return undefined;
}

/** Checks the attention of a card against the card: modalities that are images. Throws InputError with a line for each that is not. */
export function checkAttentionModalities(card: Card, source: string): void {
  const images = Object.values(card.inputs).flatMap((input) => (isSlices(input) ? [] : [input.modality]));
  checkAll(
    Object.entries(card.attention).map(([name, { modality }]) => () => {
      const path = ["attention", name];
      if (images.includes(modality)) return;
      const expected = images.length > 0 ? `an image modality (${images.join(", ")})` : "an image among inputs";
      throw errorAt(source, [...path, "modality"], `found ${JSON.stringify(modality)}, expected ${expected}`);
    }),
  );
}

/**
 * Checks the attention of a card against the model: outputs of floats [1, Q, h, w] of the image's size or of the stated
 * grid, as many names as maps, each once for an image. Throws InputError with a line for each that does not fit.
 * @param find gives the tensor of a name, or throws
 */
export function checkAttention(
  card: Card,
  tensors: Tensors,
  source: string,
  find: (name: string, path: Path) => Tensor,
  floats: (tensor: Tensor, path: Path) => void,
): void {
  const known = new Set<string>();
  checkAll(
    Object.entries(card.attention).map(([name, entry]) => () => {
      const path = ["attention", name];
      const tensor = find(name, path);
      floats(tensor, path);
      const size = imageSize(card, entry.modality, tensors.inputs);
      // An unknown modality is told by `checkAttentionModalities`.
      if (!size) return;
      checkShape(entry, tensor, [size.height, size.width], source, path);
      const maps = tensor.shape[1]!;
      if (entry.queries && entry.queries.length !== maps) {
        const found = `found ${entry.queries.length} name${entry.queries.length === 1 ? "" : "s"}`;
        throw errorAt(source, [...path, "queries"], `${found}, expected ${maps}, one per map of ${tensorText(tensor)}`);
      }
      for (const query of queryNames(name, entry, maps)) {
        const key = `${entry.modality} ${query}`;
        const again = `found the query ${JSON.stringify(query)} of ${entry.modality} again`;
        if (known.has(key)) throw errorAt(source, path, `${again}, expected each name once: give queries`);
        known.add(key);
      }
    }),
  );
}

/** Number of places along an axis. */
const placesIn = (extent: number, stride: number, field: number, padding: number): number =>
  Math.floor((extent + 2 * padding - field) / stride) + 1;

function checkShape(
  { stride, field, padding }: CardAttention,
  tensor: Tensor,
  size: readonly [height: number, width: number],
  source: string,
  path: Path,
): void {
  const { shape } = tensor;
  const expected = size.map((extent, i) => {
    const axis = i as 0 | 1;
    const step = along(stride, axis) ?? 1;
    return placesIn(extent, step, along(field, axis) ?? step, along(padding, axis) ?? 0);
  });
  if (shape.length === 4 && shape[0] === 1 && shape[2] === expected[0] && shape[3] === expected[1]) return;
  const grid =
    (stride ?? field ?? padding) === undefined
      ? "the image's size, or stride and field of a coarser grid"
      : `the places of that stride, field and padding in an image of ${size[1]}×${size[0]}`;
  throw errorAt(source, path, `the output is ${tensorText(tensor)}, expected [1, Q, ${expected.join(", ")}], ${grid}`);
}
