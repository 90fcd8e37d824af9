import { type Command, Option } from "commander";
import type { Cost } from "../../bench/cost.js";
import { subjectOf } from "../../explain/subject.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import type { Value } from "../../graph/value.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import { tensorText } from "../../policy/tensors.js";
import { type CompiledModel, type CompileOptions, compile } from "../../relevance/compile.js";
import type { Depth } from "../../relevance/contract/depth.js";
import type { Precision } from "../../relevance/precision/precision.js";
import { methodOf, methodOption, warnOfMethod } from "../options/method.js";
import { precisionOption, warnOfPrecision } from "../options/precision.js";
import { columns } from "../output/table.js";

interface Options {
  readonly output: string;
  readonly method: string;
  readonly depth: Depth;
  readonly precision: Precision;
  readonly card?: string;
  readonly json?: boolean;
}

export function addCompile(program: Command): void {
  program
    .command("compile")
    .description("write a policy's network with its relevance pass as one ONNX file")
    .argument("<policy>", "ONNX file")
    .requiredOption("-o, --output <file>", "file to write")
    .addOption(methodOption())
    .addOption(
      new Option("--depth <depth>", "heatmaps of the weighted sum over torques, of each torque too, or shares only")
        .choices(["full", "per-torque", "shares"])
        .default("full"),
    )
    .addOption(precisionOption())
    .option("--card <file>", "policy card (default: the YAML beside the policy, or its metadata)")
    .option("--json", "one JSON object")
    .action(compilePolicy);
}

async function compilePolicy(path: string, options: Options): Promise<void> {
  await assertWritable(options.output);
  const policy = await loadPolicy(path, options);
  const { costOf } = await import("../../bench/cost.js");
  const method = await methodOf(options.method);
  const compiled = compile(subjectOf(policy), { ...options, method });
  warnOfMethod(compiled);
  warnOfPrecision(options.precision, compiled.precision);
  const cost = await costOf(policy, compiled);
  const deviation = await deviationFromExact(policy, { ...options, method }, compiled);
  await writeAtomically(options.output, compiled.bytes);
  const inputs = tensors(compiled.graph.inputs);
  const outputs = tensors(compiled.graph.outputs);
  if (options.json) {
    const { method, depth, precision } = compiled;
    const { forwardMs: forward_ms, explainedMs: explained_ms } = cost;
    const ratio_to_forward = explained_ms / forward_ms;
    const report = { output: options.output, method: method.spec, depth, precision, inputs, outputs };
    const times = { forward_ms, explained_ms, ratio_to_forward };
    process.stdout.write(`${JSON.stringify({ ...report, deviation, cost: times })}\n`);
    return;
  }
  const rows = (list: typeof inputs) => columns(list.map((tensor) => [tensor.name, tensorText(tensor)]));
  const title = `${options.output}: ${policy.card.name} explained by ${compiled.method.spec}`;
  process.stdout.write(`${title}\n\ninputs\n${rows(inputs)}\n\noutputs\n${rows(outputs)}\n\n${costText(cost)}\n`);
  if (deviation !== undefined) process.stdout.write(`${deviationText(deviation)}\n`);
}

/** How far heatmaps of integers are from exact ones; undefined where they are exact. */
async function deviationFromExact(policy: Policy, options: CompileOptions, compiled: CompiledModel) {
  if (compiled.precision === "exact") return undefined;
  const { deviationOf } = await import("../../bench/deviation.js");
  return deviationOf(compiled, compile(subjectOf(policy), { ...options, precision: "exact" }));
}

const deviationText = (deviation: number): string =>
  `precision fast: heatmaps differ from exact ones by at most ${(100 * deviation).toFixed(2)} % of their largest element (three pictures of noise, waves and a square)`;

const tensors = (values: ReadonlyMap<string, Value>) =>
  Array.from(values, ([name, { shape, dtype }]) => ({ name, shape, dtype }));

const costText = ({ forwardMs, explainedMs }: Cost): string =>
  `cost ${(explainedMs / forwardMs).toFixed(2)} × forward (${explainedMs.toFixed(2)} ms and ${forwardMs.toFixed(2)} ms, medians on this machine)`;
