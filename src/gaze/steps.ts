import type { Label } from "./labels.js";

/** Frames that the game shows for one decision of a policy (Mnih et al. 2015). */
const FRAME_SKIP = 4;

/** A decision of a policy that plays a trial's frames as Atari policies are trained to. */
export interface Step {
  /** True where a game begins. */
  readonly first: boolean;
  /** Places of the labels whose pictures make the image, pixel by pixel the maximum of the two; a game begins with one. */
  readonly shown: readonly number[];
  /** Places of the labels that the policy sees at this step, with those of earlier steps in its window. */
  readonly seen: readonly number[];
}

/**
 * Steps of a trial: every fourth frame of each game with the one before it (Nikulin et al. 2019, §4.3).
 * @param window steps that the policy sees at once
 */
export function stepsOf(labels: readonly Label[], window: number): Step[] {
  const steps: Step[] = [];
  for (let start = 0; start < labels.length; ) {
    let end = start;
    while (end < labels.length && labels[end]!.episode === labels[start]!.episode) end++;
    const shown: number[][] = [];
    for (let at = start; at < end; at += FRAME_SKIP) {
      shown.push(at === start ? [at] : [at - 1, at]);
      steps.push({ first: at === start, shown: shown.at(-1)!, seen: shown.slice(-window).flat() });
    }
    start = end;
  }
  return steps;
}

/** Number of times that a pixel was looked at, [height × width]; points outside the frame do not count. */
export function fixationsOf(
  labels: readonly Label[],
  seen: readonly number[],
  { width, height }: Readonly<Record<"width" | "height", number>>,
): Uint32Array {
  const counts = new Uint32Array(width * height);
  for (const place of seen) {
    const { gaze } = labels[place]!;
    for (let i = 0; i < gaze.length; i += 2) {
      const [x, y] = [Math.round(gaze[i]!), Math.round(gaze[i + 1]!)];
      if (x >= 0 && x < width && y >= 0 && y < height) counts[y * width + x]!++;
    }
  }
  return counts;
}
