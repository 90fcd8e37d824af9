import { InputError } from "../../errors.js";
import { readText } from "../../files/reading.js";
import { own } from "../../own.js";
import type { Modality, ValueModality } from "../../policy/modalities.js";
import { errorAt, shown } from "../../yaml/located.js";
import { refuseRepeatedKeys } from "./repeated-keys.js";

/**
 * Reads the values of every non-image modality from JSON keyed by modality: a list in the card's order or a mapping
 * from element names, SI units. Throws InputError naming the file, the key, what was found and what was expected.
 */
export async function readState(path: string, modalities: readonly Modality[]): Promise<Record<string, Float64Array>> {
  return parseState(await readText(path, "the state"), path, modalities);
}

/** As `readState`, from the file's text. */
export function parseState(
  text: string,
  source: string,
  modalities: readonly Modality[],
): Record<string, Float64Array> {
  const state = parseJson(text, source);
  refuseRepeatedKeys(text, source);
  const wanted = modalities.filter((modality) => modality.kind === "values");
  const names = wanted.map((modality) => modality.name);
  if (!isMapping(state)) {
    throw new InputError(`${source}: found ${shown(state)}, expected a mapping with the keys ${names.join(", ")}`);
  }
  for (const name of Object.keys(state)) {
    if (!names.includes(name)) {
      throw errorAt(source, [name], `unknown modality, expected one of ${names.join(", ")}`);
    }
  }
  const given = wanted.filter(({ name, isCarried }) => own(state, name) !== undefined || !isCarried);
  return Object.fromEntries(
    given.map((modality) => [modality.name, values(own(state, modality.name), source, modality)]),
  );
}

function values(found: unknown, source: string, modality: ValueModality): Float64Array {
  const { name, elements, unit } = modality;
  const expected = `${elements.length} numbers${unit === "" ? "" : ` in ${unit}`} (${elements.join(", ")})`;
  if (Array.isArray(found)) {
    if (found.length !== elements.length) {
      throw errorAt(source, [name], `found a list of ${found.length}, expected ${expected}`);
    }
    return Float64Array.from(found, (value, index) => finite(value, source, [name, index]));
  }
  if (!isMapping(found)) {
    const what = found === undefined ? "missing" : `found ${shown(found)}`;
    throw errorAt(source, [name], `${what}, expected ${expected}`);
  }
  for (const key of Object.keys(found)) {
    if (!elements.includes(key)) {
      throw errorAt(source, [name, key], `unknown element, expected one of ${elements.join(", ")}`);
    }
  }
  return Float64Array.from(elements, (element) => finite(own(found, element), source, [name, element]));
}

function finite(value: unknown, source: string, path: readonly PropertyKey[]): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw errorAt(source, path, `${value === undefined ? "missing" : `found ${shown(value)}`}, expected a finite number`);
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads NaN and Infinity, which some writers emit although JSON lacks them, as text, so that the error names their
 * place. Editors of Windows begin a file with a byte order mark: it is left out.
 */
function parseJson(text: string, source: string): unknown {
  const quoted = text
    .replace(/^\uFEFF/, "")
    .replace(/"(?:[^"\\]|\\.)*"?|-?\b(?:NaN|Infinity)\b/g, (part) => (part.startsWith('"') ? part : `"${part}"`));
  try {
    return JSON.parse(quoted);
  } catch (error) {
    throw new InputError(`${source}: not JSON: ${(error as Error).message.split("\n")[0]}`);
  }
}
