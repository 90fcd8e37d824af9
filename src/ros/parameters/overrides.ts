import { isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import { InputError } from "../../errors.js";
import { yamlDocument } from "../../yaml/document.js";
import type { ParameterArgument } from "../client/arguments.js";

/** A value as written, before it is read by its parameter's type. */
export type Written = Text | readonly Text[];
/** One scalar. Quotes make it a string. */
export interface Text {
  readonly text: string;
  readonly quoted: boolean;
}

/** A parameter given for nodes whose names match a key. */
export interface Override {
  /** Key as written: `/**`, `/ns/*`, `/ns/node`, `node`. */
  readonly key: string;
  readonly name: string;
  readonly written: Written;
  /** Where it was given, for messages: file and key, or argument. */
  readonly where: string;
}

export interface Overrides {
  /** Overrides for this node, by parameter name. */
  readonly values: ReadonlyMap<string, Override>;
  /** Possible mistakes, one line each. */
  readonly warnings: readonly string[];
}

const PARAMETERS = "ros__parameters";
/** Deepest nesting of namespaces in a parameter file. */
const DEEPEST = 32;

/**
 * The parameters given for a node under every form of key: `/**`, wildcards, the fully qualified name with or without
 * its slash, namespaces as nested mappings, and the bare name in any namespace. Later ones override earlier ones.
 * @param read reads the text of a parameter file
 * @throws InputError for a file that cannot be read or is not a parameter file
 */
export async function overridesFor(
  fullName: string,
  given: readonly ParameterArgument[],
  read: (path: string) => Promise<string>,
): Promise<Overrides> {
  const values = new Map<string, Override>();
  const warnings: string[] = [];
  for (const argument of given) {
    const found =
      argument.kind === "value" ? [overrideOf(argument)] : parameterFile(await read(argument.path), argument.path);
    const fitting = found.filter(({ key }) => isFor(key, fullName));
    for (const override of fitting) values.set(override.name, override);
    warnings.push(...elsewhere(argument, found, fitting, fullName));
  }
  return { values, warnings };
}

/** Warnings of parameters that are not for this node where that looks like a mistake. */
function elsewhere(
  argument: ParameterArgument,
  found: readonly Override[],
  fitting: readonly Override[],
  fullName: string,
): string[] {
  const keys = [...new Set(found.filter((override) => !fitting.includes(override)).map(({ key }) => key))];
  if (argument.kind === "value") {
    return keys.map((key) => `-p ${key}:${argument.name} is for the node ${key}; this one is ${fullName}`);
  }
  if (fitting.length === 0) {
    const there = keys.length === 0 ? "it holds none" : `it has some for ${keys.join(", ")}`;
    return [`${argument.path}: no parameters for ${fullName}; ${there}`];
  }
  const sameName = keys.filter((key) => last(key) === last(fullName));
  return sameName.map((key) => `${argument.path}: the parameters of ${key} are not for this node, ${fullName}`);
}

const last = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** Returns true if a key matches a node. `*` matches within one part of a name, `**` any number of parts. */
export function isFor(key: string, fullName: string): boolean {
  if (!key.includes("/") && !key.includes("*")) return key === last(fullName);
  const parts = key.split("/").filter((part) => part !== "");
  const pattern = parts.map((part) =>
    part === "**" ? "(?:/[^/]+)*" : `/${part.split("*").map(literal).join("[^/]*")}`,
  );
  return new RegExp(`^${pattern.join("")}$`).test(fullName);
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function overrideOf({ node, name, text }: Extract<ParameterArgument, { kind: "value" }>): Override {
  const where = `-p ${node === undefined ? "" : `${node}:`}${name}`;
  return { key: node ?? "/**", name, written: writtenOf(document(text, where), where), where };
}

/**
 * The parameters of a file, in its order.
 * @throws InputError naming the file, and the line or key that is wrong
 */
export function parameterFile(text: string, path: string): Override[] {
  const root = document(text, path);
  if (root === undefined) return [];
  if (!isMap(root)) throw new InputError(`${path}: expected a mapping from node names to ${PARAMETERS}`);
  return nodesOf(root, "", path, 0);
}

/** Follows nested namespaces down to `ros__parameters`. */
function nodesOf(map: { items: readonly unknown[] }, prefix: string, path: string, depth: number): Override[] {
  return pairs(map).flatMap(([key, value]) => {
    if (key === PARAMETERS) {
      if (prefix === "") throw new InputError(`${path}: ${PARAMETERS}: expected below the name of a node, or /**`);
      if (isNull(value)) return [];
      if (!isMap(value)) throw new InputError(`${path}: ${prefix}.${PARAMETERS}: expected a mapping of parameters`);
      return parametersOf(value, prefix, "", path, depth);
    }
    const name = prefix === "" ? key : `${prefix.replace(/\/$/, "")}/${key.replace(/^\//, "")}`;
    if (!isMap(value) || depth > DEEPEST)
      throw new InputError(`${path}: ${name}: expected a mapping with ${PARAMETERS}`);
    return nodesOf(value, name, path, depth + 1);
  });
}

/** Nested mappings are parameters with dots in their names. */
function parametersOf(
  map: { items: readonly unknown[] },
  key: string,
  prefix: string,
  path: string,
  depth: number,
): Override[] {
  return pairs(map).flatMap(([part, value]) => {
    const name = prefix === "" ? part : `${prefix}.${part}`;
    const where = `${path}: ${key}: ${name}`;
    if (isMap(value) && depth <= DEEPEST) return parametersOf(value, key, name, path, depth + 1);
    return [{ key, name, written: writtenOf(value, where), where }];
  });
}

function pairs(map: { items: readonly unknown[] }): [string, Node | undefined][] {
  return (map.items as Pair<Node, Node | null>[]).map(({ key, value }) => [
    isScalar(key) ? String(key.source ?? key.value) : String(key),
    value ?? undefined,
  ]);
}

function writtenOf(node: Node | undefined, where: string): Written {
  if (node === undefined) return { text: "", quoted: false };
  if (isScalar(node)) return textOf(node);
  if (isSeq(node) && node.items.every((item) => isScalar(item))) return (node.items as Scalar[]).map(textOf);
  throw new InputError(`${where}: expected a value, or a list of values`);
}

const textOf = (scalar: Scalar): Text => ({
  text: scalar.type === "PLAIN" ? (scalar.source ?? "") : String(scalar.value ?? ""),
  quoted: scalar.type !== "PLAIN",
});

const isNull = (node: Node | undefined): boolean => node === undefined || (isScalar(node) && node.value === null);

/** The YAML tree. Scalars stay text, to be read by the parameter's type. */
function document(text: string, where: string): Node | undefined {
  return (yamlDocument(text, where, "failsafe").contents as Node | null) ?? undefined;
}
