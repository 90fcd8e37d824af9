import { join } from "node:path";
import { attackNamed } from "../../attack/attacks.js";
import { AttackModel } from "../../attack/model.js";
import type { AttackName } from "../../attack/names.js";
import { attackPicture } from "../../attack/picture.js";
import { NOISES, type Smallest, smallestAttack } from "../../attack/smallest.js";
import { InputError } from "../../errors.js";
import { feedsOf } from "../../explain/feeds.js";
import { subjectOf } from "../../explain/subject.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { makeFolder } from "../../files/folder.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { largestSample } from "../../image/pixel-formats.js";
import { number, plural, significant, wholePercent } from "../../numbers/format.js";
import { upperMedian } from "../../numbers/quantile.js";
import { areActions, withUnit } from "../../outputs/kinds.js";
import { own } from "../../own.js";
import type { ImageModality } from "../../policy/modalities.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import { writeOut } from "../../text/terminal.js";
import { type Moment, momentsOfEpisode } from "../input/moments.js";
import { readObservation } from "../input/observation-files.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { columns } from "../output/table.js";

export interface AttackCommandOptions {
  readonly task?: string;
  readonly image: readonly string[];
  readonly state?: string;
  readonly attack: AttackName;
  readonly camera?: string;
  readonly part: number;
  readonly ticks: number;
  readonly seed: number;
  readonly out?: string;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly json?: boolean;
}

/** A moment to attack. */
type Attacked = Pick<Moment, "tick" | "feeds">;

/** What the attack found at a moment. */
interface Row {
  readonly tick: number;
  readonly before: Float32Array;
  /** The image as it was, in the tensor's units. */
  readonly image: Float32Array;
  readonly found: Smallest | undefined;
}

export async function attack(path: string, options: AttackCommandOptions): Promise<void> {
  const policy = await loadPolicy(path, options);
  const choice = areActions(policy.outputs);
  const limits = choice ? undefined : limitsOf(policy);
  const objective = options.attack === "mad" ? "distance" : choice ? "choice" : "output";
  const model = await AttackModel.create(subjectOf(policy), objective, { image: options.camera });
  const rows: Row[] = [];
  const modality = policy.modalities.find(
    (m): m is ImageModality => m.kind === "image" && m.name === model.image.name,
  )!;
  try {
    const moments = await momentsOf(policy, options);
    const out = options.out === undefined ? undefined : await folderFor(options.out, policy, moments, options);
    for (const { tick, feeds } of moments) {
      const image = Float32Array.from(own(feeds, modality.input)!.data as Float32Array);
      const found = await smallestAttack(model, attackNamed(options.attack), {
        feeds,
        image,
        unit: modality.scale,
        most: largestSample(modality.encoding),
        limits,
        part: options.part,
        seed: options.seed,
      });
      const before = await model.outputsAt(feeds, image);
      rows.push({ tick, before, image, found });
      if (out && found) await out(tick, image, found.image, modality);
    }
  } finally {
    await model.release();
  }
  const report = { policy, options, modality, rows };
  writeOut(options.json ? `${JSON.stringify(jsonOf(report))}\n` : `${textOf(report)}\n`);
}

/** @throws InputError for an output whose limit the card does not give */
function limitsOf({ outputs, cardSource }: Policy): number[] {
  return outputs.map(({ name, limit }) => {
    if (limit !== undefined) return limit;
    throw new InputError(`${cardSource}: output ${name} has no limit, expected one that its change is measured by`);
  });
}

async function momentsOf(
  policy: Policy,
  { task: name, image, state, ticks, seed }: AttackCommandOptions,
): Promise<Attacked[]> {
  if (name === undefined) {
    if (image.length === 0) throw new InputError("expected --task, or --image and --state");
    const observation = await readObservation(policy.modalities, { images: image, ...(state && { state }) });
    return [{ tick: 0, feeds: feedsOf(policy, observation) }];
  }
  if (image.length > 0 || state !== undefined)
    throw new InputError("expected --task, or --image and --state, not both");
  return momentsOfEpisode(policy, name, seed, ticks);
}

/** Writes pictures into a folder that is made now; nothing that the command reads is overwritten. */
async function folderFor(
  folder: string,
  policy: Policy,
  moments: readonly Attacked[],
  { image, state }: AttackCommandOptions,
) {
  const pathOf = (tick: number) => join(folder, `attack-${tick}.png`);
  await makeFolder(folder).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`--out ${folder}: cannot make the directory (${error.code ?? error.message})`);
  });
  const paths = moments.map(({ tick }) => pathOf(tick));
  await refuseOverwriting([...(await filesOfPolicy(policy)), ...image, state], paths);
  for (const path of paths) await assertWritable(path);
  const { encodePng } = await import("../../image/encode.js");
  return async (tick: number, before: Float32Array, after: Float32Array, modality: ImageModality) =>
    writeAtomically(pathOf(tick), await encodePng(attackPicture(modality, before, after)));
}

interface Report {
  readonly policy: Policy;
  readonly options: AttackCommandOptions;
  readonly modality: ImageModality;
  readonly rows: readonly Row[];
}

function textOf({ policy, options, modality, rows }: Report): string {
  const largest = largestSample(modality.encoding);
  const aim = areActions(policy.outputs)
    ? "another action"
    : `a command moved by ${wholePercent(options.part)} of its limit`;
  const levels = rows.flatMap(({ found }) => (found ? [found.level] : []));
  const lines = rows.map(({ tick, before, found }) => [
    String(tick),
    found ? `${found.level} of ${largest}` : `not within ${largest}`,
    found ? effectOf(policy, before, found) : "",
    found ? `${found.byNoise} of ${NOISES}` : "",
  ]);
  const summary =
    levels.length === 0
      ? `No change of ${modality.name} that ${options.attack} finds brings ${aim}.`
      : `${options.attack} needs at least ${Math.min(...levels)} of ${largest} levels for ${aim}, ${upperMedian(levels)} in the median of ${plural(levels.length, "moment")}.`;
  const written = options.out === undefined ? [] : [`pictures in ${options.out}: image, changed image, difference`];
  return [columns([["tick", "change", "effect", "random signs"], ...lines]), summary, ...written].join("\n\n");
}

/** The output that moved, or the action that is taken. */
function effectOf({ outputs }: Policy, before: Float32Array, { output, after }: Smallest): string {
  const { name, unit } = outputs[output]!;
  if (areActions(outputs)) return `${outputs[before.indexOf(Math.max(...before))]!.name} → ${name}`;
  return `${name} ${withUnit(`${significant(before[output]!)} → ${significant(after[output]!)}`, unit)}`;
}

const jsonOf = ({ policy, options, modality, rows }: Report) => ({
  attack: options.attack,
  image: modality.name,
  levels: largestSample(modality.encoding),
  ...(!areActions(policy.outputs) && { part: options.part }),
  outputs: policy.outputs.map(({ name }) => name),
  moments: rows.map(({ tick, before, found }) => ({
    tick,
    level: found ? found.level : null,
    before: Array.from(before, number),
    ...(found && {
      output: policy.outputs[found.output]!.name,
      after: Array.from(found.after, number),
      random_signs: { succeeded: found.byNoise, of: NOISES },
    }),
  })),
});
