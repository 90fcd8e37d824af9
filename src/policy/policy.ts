import { access } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { InputError } from "../errors.js";
import { type GivenShapes, withShapes } from "../graph/given-shapes.js";
import { readModel } from "../graph/onnx-read.js";
import type { Graph } from "../graph/value.js";
import { type AttentionOutput, attentionOf } from "./attention.js";
import { loadCard, parseCard } from "./card.js";
import type { Card } from "./card-schema.js";
import { checkCard } from "./check.js";
import { modelIn } from "./folder.js";
import { cardOfFolder, isPartOfCard } from "./folder-card.js";
import type { FoundCard } from "./found-card.js";
import { type Language, languageOf } from "./language.js";
import { type Modality, modalitiesOf } from "./modalities.js";
import { readModelFile } from "./model-file.js";
import { inPhysicalUnits } from "./normalisation.js";
import { type Output, outputsOf } from "./outputs.js";
import { readTokenizer } from "./read-tokenizer.js";
import { tensorsOf } from "./tensors.js";

/** Key of the ONNX metadata that may hold the card, as the same YAML. */
export const CARD_METADATA = "torquelens.card";

/** A policy: the network and what its tensors mean. */
export interface Policy {
  readonly path: string;
  /** The ONNX file, unchanged but for data in files beside it, which is inside, and half precision, which is float32: onnxruntime runs it as it is. */
  readonly bytes: Uint8Array;
  /** Hex digest of the file, and of its tensors' data in files beside it. */
  readonly sha256: string;
  /** Files beside the model that hold its tensors' data; none where all data is inside. */
  readonly dataFiles?: readonly string[];
  /** In physical units: the card's normalisation outside the model is part of the graph. */
  readonly graph: Graph;
  readonly card: Card;
  /** Origin of the card: its file, or the model's metadata. */
  readonly cardSource: string;
  /** Files that the card was made from, where it was made. */
  readonly cardFiles?: readonly string[];
  /** What was decided while it was made, one line each. */
  readonly cardNotes?: readonly string[];
  /** Output of `graph` that holds the explained values, [1, J] or [J]. */
  readonly command: string;
  /** Output of `graph` that holds the actions' probabilities, [1, J]; undefined where the outputs are no actions. */
  readonly probabilities?: string;
  /** What each of them is, [J]. */
  readonly outputs: readonly Output[];
  /** In the order of the model's inputs, then of the slices. */
  readonly modalities: readonly Modality[];
  /** How it is told in words what to do; undefined where its card says nothing of it. */
  readonly language?: Language;
  /** Files of its tokenizer. */
  readonly tokenizerFiles?: readonly string[];
  /** Where in the image its actions act: an output of `graph`, its height and width. */
  readonly mask?: MaskOutput;
  /** Outputs of `graph` that hold attention maps; none of most policies. */
  readonly attention: readonly AttentionOutput[];
  /** The arm's model, absolute; undefined where the card names no file. */
  readonly armFile: string | undefined;
}

/** An output whose largest cell says where in the image an action acts. */
export interface MaskOutput {
  readonly tensor: string;
  readonly height: number;
  readonly width: number;
}

/** Where a policy's card may come from. */
export interface CardOptions {
  /** The card's file. */
  readonly card?: string | undefined;
  /** Shapes for inputs whose axes the file leaves open. */
  readonly shape?: GivenShapes | undefined;
  /** Folder of the LeRobot data set that the policy is used on: its names and rate complete a card that is made. */
  readonly dataset?: string | undefined;
}

/** An ONNX file read, without its card. */
export type Model = Pick<Policy, "path" | "bytes" | "sha256" | "dataFiles" | "graph">;

/**
 * Loads a policy with its card: the file `card`, else the YAML of the model's name beside it (`reacher.onnx`,
 * `reacher.yaml`), else the metadata entry `torquelens.card`, else made from what LeRobot writes beside a policy.
 * Of a folder it is the model in it.
 * Throws InputError for a missing, truncated or non-ONNX file, data beside it that is missing or does not fit,
 * unsupported operators, no card, a card that is wrong or does not fit the model.
 */
export async function loadPolicy(path: string, options: CardOptions = {}): Promise<Policy> {
  const model = await loadModel(path, undefined, options.shape);
  const found = await findCard(model, options.card, options.dataset);
  if (found === undefined) {
    throw new InputError(
      `${path}: no policy card, expected ${cardFile(path)} or "${CARD_METADATA}" in the model's metadata ` +
        `(torquelens inspect --template ${path} -o ${cardFile(path)} writes one to fill in)`,
    );
  }
  return policyOf(model, found);
}

/**
 * Reads a model alone. Throws InputError as `loadPolicy` does for the file and its operators.
 * @param bytes of the file, where it has been read
 * @param shape for inputs whose axes the file leaves open
 */
export async function loadModel(given: string, bytes?: Uint8Array, shape?: GivenShapes): Promise<Model> {
  const path = await modelIn(given);
  const read = await readModelFile(path, bytes);
  const file = shape ? { ...read, bytes: withShapes(read.bytes, shape, path) } : read;
  return { path, ...file, graph: readModel(file.bytes, path) };
}

/** Finds, reads and checks a model's card as `loadPolicy` does; undefined where there is none. */
export async function findCard(model: Model, file?: string, dataset?: string): Promise<FoundCard | undefined> {
  const found = await cardOf(model, file, dataset);
  const path = found?.card.language?.tokenizer;
  if (!found || path === undefined) return found;
  return { ...found, tokenizer: await readTokenizer(resolve(found.folder, path)) };
}

async function cardOf(
  model: Model,
  file: string | undefined,
  dataset: string | undefined,
): Promise<FoundCard | undefined> {
  const beside = cardFile(model.path);
  const tensors = tensorsOf(model.graph);
  const written = file ?? ((await exists(beside)) ? beside : undefined);
  if (written !== undefined && !(await isPartOfCard(written)))
    return { card: await loadCard(written, tensors), source: written, folder: dirname(written) };
  const text = model.graph.metadata.get(CARD_METADATA);
  if (written === undefined && text !== undefined) {
    const source = `${model.path} (metadata ${CARD_METADATA})`;
    return { card: parseCard(text, source, tensors), source, folder: dirname(model.path) };
  }
  const made = await cardOfFolder(model, { part: written, dataset });
  if (made || written === undefined) return made;
  return { card: await loadCard(written, tensors), source: written, folder: dirname(written) };
}

/** Combines a model and its card. Throws InputError where the card does not fit. */
export function policyOf(model: Model, { card, source, folder, files, tokenizer, notes = [] }: FoundCard): Policy {
  const tensors = tensorsOf(model.graph);
  checkCard(card, tensors, source);
  const modalities = modalitiesOf(card, tensors.inputs);
  const attention = attentionOf(card, tensors);
  const armFile = card.arm?.file === undefined ? undefined : resolve(folder, card.arm.file);
  const { graph, command, probabilities, areLogits } = inPhysicalUnits(model.graph, card, source);
  const outputs = outputsOf(card).map((output): Output => (areLogits ? { ...output, kind: "action_logit" } : output));
  const actions = probabilities !== undefined && { probabilities };
  const made = files && { cardFiles: files, cardNotes: notes };
  const language = languageOf(card, modalities, model.graph, tokenizer, source);
  const mask = card.actions?.mask;
  return {
    ...model,
    graph,
    command,
    ...actions,
    ...made,
    outputs,
    card,
    cardSource: source,
    modalities,
    ...(language && { language }),
    ...(tokenizer && { tokenizerFiles: tokenizer.files }),
    ...(mask !== undefined && { mask: maskOf(mask, model.graph) }),
    attention,
    armFile,
  };
}

function maskOf(tensor: string, { outputs }: Graph): MaskOutput {
  const [height, width] = outputs.get(tensor)!.shape.slice(-2) as [number, number];
  return { tensor, height, width };
}

/** `models/reacher.onnx` → `models/reacher.yaml` */
export const cardFile = (path: string): string => join(dirname(path), `${basename(path, extname(path))}.yaml`);

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
