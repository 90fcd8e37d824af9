import { type Definition, type Field, messageType, shortName } from "../messages/definitions.js";

/** Fields that recordings of earlier versions lack; their readers do without. */
const LATER =
  /^(feature_point_(offsets|x|y)|contrast_joint|against_joint|chosen_action|torques\.(kind|unit|measured_from|probability))$/;

/**
 * The first field of a known message type that a recording's definition of it lacks or has with another type, in words;
 * undefined where there is none, or where the type is not known. Further fields, their order and constants do not matter.
 */
export function definitionMisfit(type: string, found: readonly Definition[]): string | undefined {
  const known = knownDefinitions(type);
  return known && misfit("", [known, rootOf(known)], [found, rootOf(found)]);
}

/** A list of definitions and the one of it to look at. */
type In = readonly [all: readonly Definition[], one: Definition | undefined];

function misfit(place: string, [known, expected]: In, [found, held]: In): string | undefined {
  for (const field of expected?.definitions ?? []) {
    if (field.isConstant) continue;
    const path = place + field.name;
    const other = held?.definitions.find(({ name, isConstant }) => name === field.name && !isConstant);
    if (!other && LATER.test(path)) continue;
    if (!other) return `has no field ${path}, expected ${typeText(field)}`;
    if (typeText(field) !== typeText(other)) return `has ${path} as ${typeText(other)}, expected ${typeText(field)}`;
    if (!field.isComplex) continue;
    const inner = misfit(`${path}.`, [known, named(known, field)], [found, named(found, other)]);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** A field's type as definitions write it; bounds of arrays and texts are left out. */
function typeText({ type, isArray, arrayLength }: Field): string {
  const size = arrayLength === undefined ? "" : String(arrayLength);
  return isArray ? `${shortName(type)}[${size}]` : shortName(type);
}

const named = (all: readonly Definition[], { type }: Field): Definition | undefined =>
  all.find(({ name }) => name !== undefined && shortName(name) === shortName(type));

const rootOf = (all: readonly Definition[]): Definition | undefined =>
  all.find(({ name }) => name === undefined) ?? all[0];

function knownDefinitions(type: string): readonly Definition[] | undefined {
  try {
    return messageType(type).definitions;
  } catch {
    return undefined;
  }
}
