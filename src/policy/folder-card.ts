import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.js";
import { readIfThere, readText } from "../files/reading.js";
import type { Graph } from "../graph/value.js";
import { own } from "../own.js";
import { yamlData } from "../yaml/parse.js";
import { parseCard, serialiseCard } from "./card.js";
import type { CardInput } from "./card-schema.js";
import type { FoundCard } from "./found-card.js";
import { makeCard } from "./lerobot/made-card.js";
import { tensorsOf } from "./tensors.js";

/** Beside a LeRobot policy: what its folder does not hold, and what a user wants otherwise. */
const PART = "torquelens.yaml";

/** What a made card is completed by. */
interface Completion {
  /** A file with some of a card's keys. */
  readonly part: string | undefined;
  /** Folder of a LeRobot data set. */
  readonly dataset: string | undefined;
}

/**
 * True for a file with some of a card's keys: it has no version, which every card has, and completes a made one.
 * LeRobot's own config is one without keys.
 */
export async function isPartOfCard(path: string): Promise<boolean> {
  const data = yamlData(await readText(path, "the policy card"), path);
  return isMapping(data) && Object.keys(data).length > 0 && !Object.hasOwn(data, "torquelens_card");
}

/**
 * Makes a model's card from what LeRobot writes beside it; undefined where there is nothing of the kind.
 * @throws InputError that names everything that the files do not tell, and as `makeCard` and `parseCard`
 */
export async function cardOfFolder(
  { path, graph }: { readonly path: string; readonly graph: Graph },
  { part, dataset }: Completion,
): Promise<FoundCard | undefined> {
  const folder = dirname(path);
  const tensors = tensorsOf(graph);
  // A job names the origin of the card that it was made with.
  const file = part === undefined || basename(part) === "config.json" ? join(folder, PART) : part;
  const given = await partOf(file);
  const joints = Array.isArray(given.joints) ? { joints: given.joints.map(String) } : {};
  const info = dataset !== undefined && { info: join(dataset, "meta", "info.json") };
  const made = await makeCard(folder, graph, tensors, { ...joints, ...info });
  if (!made) return undefined;
  const source = join(folder, "config.json");
  const whole = {
    ...made.card,
    ...given,
    inputs: { ...made.card.inputs, ...(isMapping(given.inputs) ? given.inputs : {}) },
  };
  const missing = made.missing.filter((line) => !isGiven(line.split(":")[0]!, given));
  if (missing.length > 0)
    throw new InputError(
      `${source}: does not tell ${missing.join("; ")}; write them to ${join(folder, PART)}, or put the data set's meta/info.json into the folder`,
    );
  const card = parseCard(serialiseCard(whole as CardInput), `${source}, as a card`, tensors);
  const files = Object.keys(given).length > 0 ? [...made.files, file] : made.files;
  return { card, source, folder, files, notes: made.notes };
}

/**
 * What is left to fill in beside a LeRobot policy, `null` for each key that its folder does not tell, else the whole card
 * that is made of it; undefined where there is nothing of LeRobot.
 */
export async function draftOfFolder({ path, graph }: { readonly path: string; readonly graph: Graph }) {
  const made = await makeCard(dirname(path), graph, tensorsOf(graph));
  if (!made) return undefined;
  if (made.missing.length === 0) return serialiseCard(made.card as CardInput);
  const lines = made.missing.map((line) => {
    const [key = "", what = ""] = line.split(": ");
    const [first, ...rest] = key.split(".");
    return rest.length === 0
      ? `${first}: null # ${what}`
      : `${first}:\n  ${JSON.stringify(rest.join("."))}: null # ${what}`;
  });
  return `# ${PART}: what the folder does not tell; all other keys of a card may stand here too\n${lines.join("\n")}\n`;
}

/** True where a key, or one of those that stand in its place, is given. */
function isGiven(key: string, given: Readonly<Record<string, unknown>>): boolean {
  const [first, ...rest] = key.split(".");
  const instead = first === "joints" ? ["joints", "outputs", "torque", "actions"] : [first!];
  return instead.some((one) => {
    const value = own(given, one);
    return value !== undefined && (rest.length === 0 || (isMapping(value) && Object.hasOwn(value, rest.join("."))));
  });
}

/** The keys of a part of a card; none where there is no such file. */
async function partOf(file: string): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await readIfThere(file, "a part of the policy card");
  if (!bytes) return {};
  const data = yamlData(bytes.toString(), file);
  if (data === null) return {};
  if (!isMapping(data)) throw new InputError(`${file}: expected keys of a policy card`);
  return data;
}

const isMapping = (data: unknown): data is Readonly<Record<string, unknown>> =>
  typeof data === "object" && data !== null && !Array.isArray(data);
