import { join } from "node:path";
import { InputError } from "../../errors.js";
import { Explainer } from "../../explain/explainer.js";
import type { Explanation } from "../../explain/explanation.js";
import type { Observation } from "../../explain/observation.js";
import { writeAtomically } from "../../files/atomic.js";
import { makeFolder } from "../../files/folder.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { blend } from "../../image/blend.js";
import { colorize, overlay } from "../../image/overlay.js";
import { areActions } from "../../outputs/kinds.js";
import { own } from "../../own.js";
import type { SubjectOptions } from "../../parameters/subject.js";
import { underConventionNamed } from "../../policy/convention-named.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { Device } from "../../runtime/device.js";
import { writeOut } from "../../text/terminal.js";
import { importanceAt } from "../input/importance.js";
import { instructionFor, unknownWords } from "../input/instruction.js";
import { methodOf } from "../input/method.js";
import { type FileObservation, readObservation } from "../input/observation-files.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { subjectOf } from "../input/subject.js";
import { explanationJson, explanationText } from "../output/explanation-json.js";
import { warn, warnOf } from "../output/warnings.js";

export interface ExplainOptions extends SubjectOptions {
  readonly image: readonly string[];
  readonly state?: string;
  readonly method: string;
  readonly joint?: string;
  readonly out?: string;
  readonly device: Device;
  readonly precision: Precision;
  readonly omit?: number;
  readonly instruction?: string;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly json?: boolean;
  readonly convention?: string;
}

export async function explain(path: string, options: ExplainOptions): Promise<void> {
  const { device, precision, omit, joint } = options;
  for (const other of ["contrast", "against", "action"] as const)
    if (joint !== undefined && options[other] !== undefined) {
      const why = other === "contrast" ? "; --contrast explains its joint too" : "";
      throw new InputError(`--joint and --${other}: expected one of the two${why}`);
    }
  const method = await methodOf(options.method);
  const policy = underConventionNamed(await loadPolicy(path, options), options.convention);
  const instruction = instructionFor(policy, options.instruction, {
    name: "the observation",
    isTelling: options.state !== undefined,
  });
  for (const line of unknownWords(policy, options.instruction)) warn(line);
  const files = { images: options.image, ...(options.state !== undefined && { state: options.state }) };
  const ofJoint = areActions(policy.outputs) ? undefined : joint;
  const subject = subjectOf(policy, ofJoint === joint ? options : { action: joint });
  const wanted =
    instruction === undefined ? policy.modalities : policy.modalities.filter((m) => m.kind === "image" || !m.isTold);
  const read = await readObservation(wanted, files);
  const observation = {
    ...(await observe(policy, read, ofJoint)),
    ...(instruction !== undefined && { instruction }),
  };
  for (const [name, { fault }] of Object.entries(observation.images))
    if (fault !== undefined) warn(`${name}: ${fault}`);
  if (options.out !== undefined) await makeDirectory(options.out);
  const explainer = await Explainer.create(policy, {
    method,
    ...subject,
    device,
    precision,
    ...(omit !== undefined && { omit }),
    worker: false,
  });
  warnOf(explainer, precision);
  const explanation = await explainer.explain(observation).finally(() => explainer.close());
  const json = JSON.stringify(explanationJson(explanation, observation.stamp));
  const inputs = [...(await filesOfPolicy(policy)), options.method, ...options.image.map(pathOf), options.state];
  const written = options.out === undefined ? [] : await write(options.out, explanation, json, inputs);
  if (options.json) writeOut(`${json}\n`);
  else writeOut(`${[explanationText(explanation), ...written].join("\n\n")}\n`);
}

/** Adds the importance of each output: the arm's, or 1 for `joint` and 0 for the others. */
async function observe(policy: Policy, files: FileObservation, joint: string | undefined): Promise<Observation> {
  const joints = policy.outputs.map(({ name }) => name);
  const rest = { ...files, tick: 0, stamp: 0n, transforms: [] };
  if (joint !== undefined) {
    if (!joints.includes(joint)) throw new InputError(`--joint ${joint}: expected one of ${joints.join(", ")}`);
    return { ...rest, importance: Float64Array.from(joints, (name) => Number(name === joint)), flags: [] };
  }
  return { ...rest, ...(await importanceAt(policy, files.joints)) };
}

async function makeDirectory(path: string): Promise<void> {
  await makeFolder(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "EEXIST" || error.code === "ENOTDIR" ? "a file is in the way" : error.code;
    throw new InputError(`--out ${path}: cannot make the directory (${why})`);
  });
}

/** The path of `NAME=PATH`, or of a path alone. */
const pathOf = (text: string) => text.slice(text.indexOf("=") + 1);

/** Writes heatmap, overlay and attention of each camera and the explanation; returns a line that names the files. */
async function write(
  folder: string,
  explanation: Explanation,
  json: string,
  inputs: readonly (string | undefined)[],
): Promise<string[]> {
  const { encodePng } = await import("../../image/encode.js");
  const files: [name: string, data: string | Uint8Array][] = [["explanation.json", `${json}\n`]];
  const { images, cameras } = explanation.observation;
  const seen = (name: string) => own(cameras, name) ?? { image: own(images, name)!, region: undefined };
  for (const [name, heatmap] of Object.entries(explanation.heatmaps)) {
    const { image, region } = seen(name);
    files.push([`${name}-heatmap.png`, await encodePng(colorize(heatmap))]);
    files.push([`${name}-overlay.png`, await encodePng(overlay(image, heatmap, {}, region))]);
  }
  for (const [name, maps] of Object.entries(explanation.attention)) {
    const { image, region } = seen(name);
    for (const [q, map] of maps.entries()) {
      const number = maps.length === 1 ? "" : `-${q + 1}`;
      files.push([`${name}-attention${number}.png`, await encodePng(blend(image, [map], region))]);
    }
  }
  const paths = files.map(([name]) => join(folder, name));
  await refuseOverwriting(inputs, paths);
  for (const [name, data] of files) await writeAtomically(join(folder, name), data);
  return [`  wrote ${files.map(([name]) => join(folder, name)).join(", ")}`];
}
