import { type Cost, costOf } from "../../bench/cost.js";
import { deviationOf } from "../../bench/deviation.js";
import { busyWarning, ratiosOf, type Times } from "../../bench/ratios.js";
import { InputError } from "../../errors.js";
import { subjectOf } from "../../explain/subject.js";
import { checkTorque } from "../../explain/untouched.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import type { Value } from "../../graph/value.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import { tensorText } from "../../policy/tensors.js";
import { type CompiledModel, type CompileOptions, compile } from "../../relevance/compile.js";
import type { Depth } from "../../relevance/contract/depth.js";
import type { Precision } from "../../relevance/precision/precision.js";
import { writeOut } from "../../text/terminal.js";
import { methodOf } from "../input/method.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { explainedText } from "../output/explained-text.js";
import { columns } from "../output/table.js";
import { warn, warnOf } from "../output/warnings.js";

export interface CompileCommandOptions {
  readonly output: string;
  readonly method: string;
  readonly depth: Depth;
  readonly precision: Precision;
  readonly omit?: number;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly json?: boolean;
}

export async function compilePolicy(path: string, options: CompileCommandOptions): Promise<void> {
  await refuseOverwriting([path, options.card, options.method], [options.output]);
  await assertWritable(options.output);
  const policy = await loadPolicy(path, options);
  await refuseOverwriting(await filesOfPolicy(policy), [options.output]);
  const method = await methodOf(options.method);
  const compiled = compile(subjectOf(policy), { ...options, method });
  warnOf(compiled, options.precision);
  for (const line of await checkTorque(policy, compiled)) warn(line);
  const cost = await onSamples("cost", policy, () => costOf(policy, compiled));
  if (cost) {
    const { forward, explained, others } = cost;
    const busy = busyWarning([{ name: "cost", ratios: ratiosOf(explained, forward), others }]);
    if (busy !== undefined) warn(busy);
  }
  const deviation = await onSamples("deviation", policy, () =>
    deviationFromExact(policy, { ...options, method }, compiled),
  );
  await writeAtomically(options.output, compiled.bytes);
  const inputs = tensors(compiled.graph.inputs);
  const outputs = tensors(compiled.graph.outputs);
  if (options.json) {
    const { method, depth, precision } = compiled;
    const report = { output: options.output, method: method.spec, depth, precision, inputs, outputs };
    writeOut(`${JSON.stringify({ ...report, deviation, cost: cost ? costJson(cost) : null })}\n`);
    return;
  }
  const rows = (list: typeof inputs) => columns(list.map((tensor) => [tensor.name, tensorText(tensor)]));
  const title = `${options.output}: ${policy.card.name} explained by ${compiled.method.spec}`;
  writeOut(
    `${title}\n\ninputs\n${rows(inputs)}\n\noutputs\n${rows(outputs)}\n\n${explainedText(compiled.rules, policy.outputs)}\n${cost ? costText(cost) : ""}\n`,
  );
  if (deviation !== undefined) writeOut(`${deviationText(deviation)}\n`);
}

/** A figure from runs on our own sample inputs; undefined where a node of the policy cannot run on these. */
async function onSamples<T>(figure: string, { path }: Policy, measure: () => Promise<T>): Promise<T | undefined> {
  try {
    return await measure();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    warn(`${path}: the ${figure} cannot be measured on sample inputs: ${error.message}`);
    return undefined;
  }
}

/** How far heatmaps in integers are from exact ones; undefined if the compiled model is exact. */
async function deviationFromExact(policy: Policy, options: CompileOptions, compiled: CompiledModel) {
  if (compiled.precision === "exact") return undefined;
  return deviationOf(compiled, compile(subjectOf(policy), { ...options, precision: "exact" }));
}

const deviationText = (deviation: number): string =>
  `precision fast: heatmaps differ from exact ones by at most ${(100 * deviation).toFixed(2)} % of their largest element (on three test images: noise, waves, a square)`;

const tensors = (values: ReadonlyMap<string, Value>) =>
  Array.from(values, ([name, { shape, dtype }]) => ({ name, shape, dtype }));

function costText({ forward, explained }: Cost): string {
  const { wall, cpu } = ratiosOf(explained, forward);
  const pair = (of: keyof Times) => `${explained[of].toFixed(2)} ms and ${forward[of].toFixed(2)} ms`;
  return `cost ${wall.toFixed(2)} × forward by wall time (medians on this machine: ${pair("wallMs")}), ${cpu.toFixed(2)} × by processor time (${pair("cpuMs")})`;
}

function costJson({ forward, explained }: Cost): object {
  const { wall, cpu } = ratiosOf(explained, forward);
  return {
    forward_ms: forward.wallMs,
    explained_ms: explained.wallMs,
    ratio_to_forward: wall,
    forward_cpu_ms: forward.cpuMs,
    explained_cpu_ms: explained.cpuMs,
    cpu_ratio_to_forward: cpu,
  };
}
