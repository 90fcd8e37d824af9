import { InputError } from "../../errors.js";

/** A parameter file or value on the command line. */
export type ParameterArgument =
  | { readonly kind: "file"; readonly path: string }
  /** `-p node:name:=value`; without a node, for every node of the process. */
  | { readonly kind: "value"; readonly node: string | undefined; readonly name: string; readonly text: string };

export interface RosArguments {
  /** Parameters in order: a later one overrides an earlier one. */
  readonly parameters: readonly ParameterArgument[];
  /** Arguments for the client library (remappings, log levels), with `--ros-args`; often empty. */
  readonly passed: readonly string[];
  /** Arguments that are not ROS's. */
  readonly rest: readonly string[];
}

const BEGIN = "--ros-args";
const END = "--";
const FLAGS = new Set([
  "--enable-rosout-logs",
  "--disable-rosout-logs",
  "--enable-stdout-logs",
  "--disable-stdout-logs",
  "--enable-external-lib-logs",
  "--disable-external-lib-logs",
]);
/** Options with a value that are not parameters. */
const OPTIONS = new Set(["-r", "--remap", "--log-level", "--log-config-file", "--log-file-name", "-e", "--enclave"]);

/**
 * Sorts a process's arguments (`--ros-args … --`, any number of times). Parameters are read here in every form that ROS
 * users write, because the client library drops most of them.
 * @throws InputError naming an argument that ROS 2 does not know, or one without its value
 */
export function rosArguments(argv: readonly string[]): RosArguments {
  const parameters: ParameterArgument[] = [];
  const passed: string[] = [];
  const rest: string[] = [];
  let inside = false;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (!inside) {
      if (argument === BEGIN) inside = true;
      else rest.push(argument);
      continue;
    }
    if (argument === BEGIN) continue;
    if (argument === END) {
      inside = false;
      continue;
    }
    if (FLAGS.has(argument)) {
      passed.push(argument);
      continue;
    }
    const takesValue = OPTIONS.has(argument) || ["-p", "--param", "--params-file"].includes(argument);
    if (!takesValue) throw new InputError(`${argument}: not an argument of ROS 2 (after ${BEGIN})`);
    const value = argv[++i];
    if (value === undefined) throw new InputError(`${argument}: expected a value after it`);
    if (argument === "--params-file") parameters.push({ kind: "file", path: value });
    else if (OPTIONS.has(argument)) passed.push(argument, value);
    else parameters.push(assignment(argument, value));
  }
  return { parameters, passed: passed.length > 0 ? [BEGIN, ...passed] : [], rest };
}

function assignment(option: string, text: string): ParameterArgument {
  const at = text.indexOf(":=");
  const left = text.slice(0, at);
  const colon = left.lastIndexOf(":");
  const name = left.slice(colon + 1);
  if (at < 0 || name === "") throw new InputError(`${option} ${text}: expected name:=value`);
  const node = colon < 0 ? undefined : left.slice(0, colon);
  return { kind: "value", node, name, text: text.slice(at + 2) };
}
