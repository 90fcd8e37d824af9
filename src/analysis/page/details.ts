import type { MessageFolders } from "../../bag/message-folders.js";
import { shrinkToJpeg } from "../../image/encode.js";
import type { Html } from "../../page/html.js";
import type { Moment, Ranking } from "../ranking.js";
import { type ReadRunsOptions, readRuns } from "../read-runs.js";
import { type Run, runName, secondsAt } from "../run.js";
import type { Survey } from "../survey.js";
import type { Pair, WhyFindings } from "../why/why-of.js";
import { figures, RUN_CHARTS, TORQUE_CHARTS } from "./charts.js";
import type { Frame, Strip } from "./film-strip.js";
import { readPictures } from "./pictures.js";
import type { PairStrips, WhyStrips } from "./why.js";
import { type WordLine, wordLinesOf } from "./words.js";

/** Charts and pictures of one run. */
export interface RunDetail {
  /** Index of the run in its survey. */
  readonly run: number;
  readonly charts: readonly Html[];
  readonly torqueCharts: readonly Html[];
  /** Words of its instructions. */
  readonly words: readonly WordLine[];
  readonly strip: Strip;
}

export interface Details {
  readonly runs: readonly RunDetail[];
  /** Film strip of each moment; empty if the bag has no overlays. */
  readonly strips: ReadonlyMap<Moment, Strip>;
}

export interface DetailOptions extends ReadRunsOptions {
  /** Number of runs that are shown one by one, in the order of their rank. */
  readonly runs: number;
  /** Times of the film strip's pictures, seconds from the run's first tick. Default: evenly spaced. */
  readonly at?: readonly number[];
  /** Called after each bag with the part that is done, 0 to 1. */
  readonly done?: (part: number) => void;
}

const FRAME_WIDTH = 240;
const STRIP_FRAMES = 8;
/** Seconds from a moment to the pictures of its strip. */
const MOMENT_OFFSETS = [-0.5, -0.25, 0, 0.25, 0.5];

/** Reads the bags of the shown runs and of the moments again, for their charts and pictures. */
export async function readDetails({ runs }: Survey, ranking: Ranking, options: DetailOptions): Promise<Details> {
  const shown = new Set(ranking.runs.slice(0, options.runs).map(({ run }) => run));
  const details: RunDetail[] = [];
  const strips = new Map<Moment, Strip>();
  const indices = new Map(runs.map(({ name }, index) => [name, index]));
  const bags = new Set([...shown, ...ranking.moments.map(({ run }) => run)].map((run) => runs[run]!.bag));
  let read = 0;
  for (const bag of bags) {
    const stamps = new Map<number, FrameTime[]>();
    const momentStamps = new Map<Moment, FrameTime[]>();
    for await (const run of readRuns(bag, options)) {
      const index = indices.get(runName(run))!;
      for (const moment of ranking.moments) {
        if (moment.run !== index) continue;
        const times = MOMENT_OFFSETS.map((offset) => moment.seconds + offset);
        momentStamps.set(
          moment,
          nearest(
            run,
            times.filter((at) => at >= 0 && at <= secondsAt(run, run.ticks - 1)),
          ),
        );
      }
      if (!shown.has(index)) continue;
      stamps.set(index, nearest(run, options.at?.length ? options.at : evenly(secondsAt(run, run.ticks - 1))));
      details.push({ run: index, ...(await chartsOf(run)), strip: [] });
    }
    const all = [...stamps.values(), ...momentStamps.values()].flat();
    const frames = await framesOf(bag, all, options.folders);
    const strip = (times: readonly FrameTime[]) =>
      times.flatMap(({ stamp, seconds }) => (frames.get(stamp) ?? []).map((frame) => ({ ...frame, seconds })));
    for (const [moment, times] of momentStamps) strips.set(moment, withMoment(strip(times), moment.seconds));
    details.forEach((detail, d) => {
      const times = stamps.get(detail.run);
      if (times) details[d] = { ...detail, strip: strip(times) };
    });
    options.done?.(++read / bags.size);
  }
  const order = ranking.runs.map(({ run }) => run);
  return { runs: details.sort((a, b) => order.indexOf(a.run) - order.indexOf(b.run)), strips };
}

async function chartsOf(run: Run): Promise<Pick<RunDetail, "charts" | "torqueCharts" | "words">> {
  const torqueCharts: Html[] = [];
  for (const joint of run.identity.joints.keys()) torqueCharts.push(...(await figures(TORQUE_CHARTS, { run, joint })));
  return { charts: await figures(RUN_CHARTS, run), torqueCharts, words: wordLinesOf(run) };
}

/** Pictures of the pairs of runs that show a reason. */
export async function readPairs(
  { pairs, shown }: Pick<WhyFindings, "pairs" | "shown">,
  folders?: MessageFolders,
): Promise<WhyStrips> {
  const strip = async (of: Pair["good"]): Promise<Strip> => {
    if (!of) return [];
    const frames = await framesOf(of.bag, of.ticks, folders);
    return of.ticks.flatMap(({ stamp, seconds, isMoment }) =>
      (frames.get(stamp) ?? []).map((frame) => ({ ...frame, seconds, isMoment })),
    );
  };
  const strips: PairStrips[] = [];
  for (const pair of pairs) strips.push({ pair, failed: await strip(pair.failed), good: await strip(pair.good) });
  const runs = new Map<string, Strip>();
  for (const run of shown) runs.set(run.run, await strip(run));
  return { pairs: strips, runs };
}

/** Marks the pictures nearest to a time. */
function withMoment(strip: Strip, seconds: number): Strip {
  const apart = ({ seconds: at }: Frame) => Math.abs(at - seconds);
  const least = Math.min(...strip.map(apart));
  return strip.map((frame) => ({ ...frame, isMoment: apart(frame) === least }));
}

interface FrameTime {
  readonly stamp: bigint;
  readonly logTime: bigint;
  readonly seconds: number;
}

const evenly = (seconds: number) => Array.from({ length: STRIP_FRAMES }, (_, k) => (seconds * k) / (STRIP_FRAMES - 1));

/** Ticks nearest to some times, each once, in order. */
function nearest(run: Run, seconds: readonly number[]): FrameTime[] {
  const ticks = new Set<number>();
  for (const at of seconds) {
    let [low, high] = [0, run.ticks - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (secondsAt(run, middle) < at) low = middle + 1;
      else high = middle;
    }
    const before = Math.max(0, low - 1);
    ticks.add(at - secondsAt(run, before) < secondsAt(run, low) - at ? before : low);
  }
  return [...ticks]
    .sort((a, b) => a - b)
    .map((i) => ({ stamp: run.stamp[i]!, logTime: run.logTime[i]!, seconds: secondsAt(run, i) }));
}

async function framesOf(
  bag: string,
  times: readonly FrameTime[],
  folders?: MessageFolders,
): Promise<Map<bigint, Omit<Frame, "seconds">[]>> {
  const frames = new Map<bigint, Omit<Frame, "seconds">[]>();
  if (times.length === 0) return frames;
  const logTimes = times.map(({ logTime }) => logTime).sort((a, b) => Number(a - b));
  const range = { stamps: new Set(times.map(({ stamp }) => stamp)), from: logTimes[0]!, to: logTimes.at(-1)! };
  for (const [stamp, pictures] of await readPictures(bag, range, folders)) {
    const shown: Omit<Frame, "seconds">[] = [];
    for (const { data, points, ...picture } of pictures) {
      const shrunken = await shrinkToJpeg(data, FRAME_WIDTH * Math.max(1, picture.queries?.length ?? 1), 85).catch(
        () => undefined,
      );
      // A picture that is damaged is left out.
      if (!shrunken) continue;
      const { data: jpeg, width, height, wholeWidth } = shrunken;
      const shrunk = (at: number) => ((at + 0.5) * width) / wholeWidth - 0.5;
      shown.push({ ...picture, jpeg, width, height, points: points.map(([x, y]) => [shrunk(x), shrunk(y)]) });
    }
    frames.set(stamp, shown);
  }
  return frames;
}
