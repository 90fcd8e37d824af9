import { InputError } from "../../errors.js";
import { area, type Faithfulness, faithfulness, type Mapped } from "../../evaluation/faithfulness/faithfulness.js";
import { mapsBy } from "../../evaluation/saliency/map-maker.js";
import { subjectOf } from "../../explain/subject.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { number, plural } from "../../numbers/format.js";
import { mean } from "../../numbers/mean.js";
import type { ImageModality } from "../../policy/modalities.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import type { Method } from "../../relevance/contract/method.js";
import { METHODS } from "../../relevance/methods.js";
import { random } from "../../sim/random.js";
import { writeOut } from "../../text/terminal.js";
import { methodOf } from "../input/method.js";
import { type Moment, momentsOfEpisode } from "../input/moments.js";
import { Progress } from "../output/progress.js";
import { columns } from "../output/table.js";
import { warn } from "../output/warnings.js";

export interface FaithfulnessCommandOptions {
  readonly task: string;
  readonly method: readonly string[];
  readonly camera?: string;
  readonly ticks: number;
  readonly seed: number;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly json?: boolean;
}

/** A row of the table. */
interface Row {
  readonly method: string;
  readonly found: Faithfulness;
}

/** The row of maps that say nothing: what an order of pixels is worth by itself. */
const RANDOM = "random order";

export async function measureFaithfulness(path: string, options: FaithfulnessCommandOptions): Promise<void> {
  const policy = await loadPolicy(path, options);
  const image = cameraOf(policy, options.camera);
  const methods = await Promise.all(
    (options.method.length > 0 ? options.method : METHODS.map((m) => m.name)).map(methodOf),
  );
  const moments = await momentsOfEpisode(policy, options.task, options.seed, options.ticks);
  const judge = async (method: string, maps: readonly ArrayLike<number>[]): Promise<Row> => {
    const mapped = moments.map(({ feeds, weights }, k): Mapped => ({ feeds, importance: weights.each, map: maps[k]! }));
    const limits = policy.outputs.map(({ limit }) => limit);
    const known = limits.every((limit) => limit !== undefined) ? { limits } : {};
    return { method, found: await faithfulness(subjectOf(policy), image, mapped, { seed: options.seed, ...known }) };
  };
  const { uniform } = random(options.seed, 13);
  const pixels = image.width * image.height;
  const rows = [
    await judge(
      RANDOM,
      moments.map(() => Float64Array.from({ length: pixels }, uniform)),
    ),
  ];
  const bar = new Progress(methods.length, "faithfulness");
  try {
    for (const [k, method] of methods.entries()) {
      const maps = await mapsOrWarning(policy, method, image, moments, options.method.length > 0);
      if (maps) rows.push(await judge(method.spec, maps));
      bar.update(k + 1, { what: method.spec });
    }
  } finally {
    bar.stop();
  }
  if (options.json) writeOut(`${JSON.stringify(jsonOf(image, moments, rows))}\n`);
  else writeOut(`${textOf(image, moments, rows)}\n`);
}

/** @throws InputError for a policy without images or with several, none of them named */
function cameraOf({ path, modalities }: Policy, name: string | undefined): ImageModality {
  const images = modalities.filter((m): m is ImageModality => m.kind === "image");
  const names = images.map((image) => image.name).join(", ");
  if (images.length === 0) throw new InputError(`${path}: the policy has no image, whose maps could be judged`);
  if (name === undefined && images.length > 1)
    throw new InputError(`${path}: the policy has several images; expected --camera with one of ${names}`);
  const found = name === undefined ? images[0] : images.find((image) => image.name === name);
  if (!found) throw new InputError(`--camera ${name}: expected ${images.length > 1 ? "one of " : ""}${names}`);
  return found;
}

/** Heatmaps of all moments; undefined, with a warning, for a method that cannot explain the policy and was not asked for. */
async function mapsOrWarning(
  policy: Policy,
  method: Method,
  image: ImageModality,
  moments: readonly Moment[],
  isAsked: boolean,
): Promise<Float32Array[] | undefined> {
  try {
    return await mapsBy(policy, image, method, moments);
  } catch (error) {
    if (!(error instanceof InputError) || isAsked) throw error;
    warn(`left out: ${error.message.split("; methods that work")[0]}`);
    return undefined;
  }
}

/** Figures of one method: means of its curves. */
const figuresOf = ({ deletion, insertion, road, sensitivity }: Faithfulness) => ({
  deletion: area(deletion),
  insertion: area(insertion),
  road: mean(road),
  sensitivity_n: mean(sensitivity.filter(Number.isFinite)),
});

function textOf({ name }: ImageModality, moments: readonly Moment[], rows: readonly Row[]): string {
  const lines = rows.map(({ method, found }) => {
    const figures = figuresOf(found);
    return [method, ...Object.values(figures).map((value) => (Number.isFinite(value) ? value.toFixed(3) : "–"))];
  });
  const best =
    "deletion and ROAD: lower is better; insertion and sensitivity-n: higher is better (docs/faithfulness.md)";
  return [
    `${name}, ${plural(moments.length, "moment")}`,
    columns([["method", "deletion", "insertion", "ROAD", "sensitivity-n"], ...lines], 1),
    best,
  ].join("\n\n");
}

const jsonOf = ({ name }: ImageModality, moments: readonly Moment[], rows: readonly Row[]) => ({
  image: name,
  ticks: moments.map(({ tick }) => tick),
  methods: rows.map(({ method, found }) => ({
    method,
    ...Object.fromEntries(Object.entries(figuresOf(found)).map(([key, value]) => [key, number(value)])),
    curves: curvesOf(found),
  })),
});

const curvesOf = ({ deletionAreas: _, ...curves }: Faithfulness) =>
  Object.fromEntries(Object.entries(curves).map(([key, curve]) => [key, curve.map(number)]));
