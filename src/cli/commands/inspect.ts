import { basename, extname } from "node:path";
import { InputError } from "../../errors.js";
import { subjectOf } from "../../explain/subject.js";
import { writeAtomically } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { readIfThere } from "../../files/reading.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { actionNames } from "../../policy/action-names.js";
import { habitsBeside } from "../../policy/exported.js";
import { modelIn } from "../../policy/folder.js";
import { draftOfFolder } from "../../policy/folder-card.js";
import { readBytes, readModelFile } from "../../policy/model-file.js";
import { operatorsOf } from "../../policy/operators.js";
import { findCard, loadModel, type Model, type Policy, policyOf } from "../../policy/policy.js";
import { cardTemplate } from "../../policy/template.js";
import { tensorsOf } from "../../policy/tensors.js";
import { compile } from "../../relevance/compile.js";
import type { NodeRule } from "../../relevance/contract/attribution.js";
import { writeOut } from "../../text/terminal.js";
import { looksLikeJson } from "../../tfjs/model-json.js";
import { methodOf } from "../input/method.js";
import { explainedText } from "../output/explained-text.js";
import { cardText, tensorsText } from "../output/policy-text.js";
import { columns } from "../output/table.js";
import { warnOf } from "../output/warnings.js";

export interface InspectOptions {
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly method: string;
  readonly template?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

export async function inspect(given: string, options: InspectOptions): Promise<void> {
  const { output } = options;
  const path = await modelIn(given);
  if (options.template) {
    const model = await loadModel(path, undefined, options.shape);
    if (output === undefined) writeOut(await template(model));
    else await writeTemplate(model, output);
    return;
  }
  if (output !== undefined) throw new InputError("-o: expected --template with it, which it is the file of");
  const bytes = await readBytes(path);
  const operators = operatorsOf(looksLikeJson(bytes) ? (await readModelFile(path, bytes)).bytes : bytes, path);
  const { model, policy, rules, problem } = await load(path, bytes, options);
  if (options.json) {
    const tensors = model && tensorsOf(model.graph);
    const { sha256, dataFiles, graph } = model ?? {};
    const { card = null, cardSource = null, modalities = [], outputs = [] } = policy ?? {};
    const file = { policy: path, sha256, data_files: dataFiles, opset: graph?.opset };
    const report = { ...file, operators, ...tensors, card, card_source: cardSource };
    writeOut(
      `${JSON.stringify({ ...report, explained: outputs, modalities, method: options.method, rules: rules ?? [], problem: problem?.message ?? null })}\n`,
    );
  } else {
    const rows = operators.map(({ name, count, supported }) => [name, String(count), supported ? "" : "not supported"]);
    const parts = [`operators\n${columns(rows)}`];
    if (model) parts.unshift(modelText(model), tensorsText(model));
    if (policy) parts.push([cardText(policy), ...(policy.cardNotes ?? [])].join("\n"));
    else if (model && !problem)
      parts.push(`no policy card; fill this one in and save it beside the policy:\n\n${await template(model)}`);
    if (rules) {
      const rows = rules.map(({ node, op, activation, rule }) => [
        node,
        activation ? `${op}, ends ${activation}` : op,
        rule,
      ]);
      const none = [["none: it changes the inputs and looks at the outputs alone"]];
      parts.push(`rules of ${options.method}\n${columns(rows.length > 0 ? rows : none)}`);
      const partly = rules.flatMap(({ node, rule, loses }) => (loses === undefined ? [] : [[node, rule, loses]]));
      parts.push(explainedText(rules, policy?.outputs ?? []));
      const taking = rules.flatMap(({ node, op, constants }) => (constants ? [[node, op]] : []));
      if (taking.length > 0) parts.push(`constants, such as learned tokens, take a part\n${columns(taking)}`);
      if (partly.length > 0) parts.push(`conserves only in part\n${columns(partly)}`);
    }
    writeOut(`${parts.join("\n\n")}\n`);
  }
  if (problem) throw problem;
}

/** Writes a card to fill in. Does not replace one that says something. */
async function writeTemplate(model: Model, output: string): Promise<void> {
  await refuseOverwriting([model.path, ...(model.dataFiles ?? [])], [output]);
  const there = await readIfThere(output, "the card");
  if (there !== undefined && there.toString().trim() !== "")
    throw new InputError(`${output}: it is there already, expected the name of a new file`);
  await writeAtomically(output, await template(model));
  writeOut(`wrote ${output}: replace each null, then torquelens inspect ${model.path}\n`);
}

interface Loaded {
  readonly model?: Model;
  readonly policy?: Policy;
  readonly rules?: readonly NodeRule[];
  readonly problem?: InputError;
}

/** Loads and explains as much of the policy as possible, with the first problem. */
async function load(path: string, bytes: Uint8Array, { card, method, shape }: InspectOptions): Promise<Loaded> {
  let loaded: Loaded = {};
  try {
    const model = await loadModel(path, bytes, shape);
    loaded = { model };
    const found = await findCard(model, card);
    if (found === undefined) return loaded;
    const policy = policyOf(model, found);
    loaded = { model, policy };
    const compiled = compile(subjectOf(policy), { method: await methodOf(method) });
    warnOf(compiled);
    return { ...loaded, rules: compiled.rules };
  } catch (error) {
    if ((error as Error).name !== "InputError") throw error;
    return { ...loaded, problem: error as InputError };
  }
}

function modelText({ path, graph, sha256, dataFiles = [] }: Model): string {
  const beside = dataFiles.length > 0 ? `, with weights in ${dataFiles.map((file) => basename(file)).join(", ")}` : "";
  return `${path}: operator set ${graph.opset}, sha256 ${sha256}${beside}`;
}

const template = async (model: Model): Promise<string> =>
  (await draftOfFolder(model)) ??
  cardTemplate(
    tensorsOf(model.graph),
    basename(model.path, extname(model.path)),
    await actionNames(model),
    await habitsBeside(model),
  );
