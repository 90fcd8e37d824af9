import { InputError } from "../errors.js";

/** A frame of a trial of Atari-HEAD (Zhang et al. 2020) and where the player looked while it was shown. */
export interface Label {
  /** Name of the frame's picture, without its ending. */
  readonly frame: string;
  /** Number of the game within the trial; empty where it is not known. */
  readonly episode: string;
  /** Points x, y, x, y, … in pixels of the frame; some lie outside of it. */
  readonly gaze: readonly number[];
}

/** Columns of a file of labels. The last one is an open list. */
const COLUMNS = [
  "frame_id",
  "episode_id",
  "score",
  "duration",
  "unclipped_reward",
  "action",
  "gaze_positions",
] as const;
/** What stands for a value that was not recorded. */
const NONE = "null";

/**
 * Reads a trial's file of labels, one line a frame.
 * @param source name of the file in errors
 * @throws InputError naming the line for another header, for a line of fewer columns, and for gaze that is no list of points
 */
export function parseLabels(text: string, source: string): Label[] {
  const [header = "", ...lines] = text.split(/\r?\n/);
  const named = header.split(",").map((name) => name.trim().replace(/\(.*\)$/, ""));
  if (named.join() !== COLUMNS.join())
    throw new InputError(
      `${source}: line 1: expected the columns ${COLUMNS.join(",")}, found "${header.slice(0, 100)}"`,
    );
  const labels = lines.flatMap((line, i) => (line.trim() === "" ? [] : [labelOf(line, `${source}: line ${i + 2}`)]));
  if (labels.length === 0) throw new InputError(`${source}: no frame is listed, expected a line for each`);
  return labels;
}

function labelOf(line: string, place: string): Label {
  const cells = line.split(",").map((cell) => cell.trim());
  const fixed = COLUMNS.length - 1;
  const [frame = "", episode = ""] = cells;
  if (cells.length <= fixed || frame === "")
    throw new InputError(`${place}: found ${cells.length} columns, expected ${COLUMNS.length} or more`);
  const points = cells.slice(fixed).filter((cell) => cell !== "");
  const gaze = points.length === 1 && points[0] === NONE ? [] : points.map(Number);
  if (gaze.length % 2 !== 0 || !gaze.every(Number.isFinite))
    throw new InputError(`${place}: gaze_positions: expected pairs of numbers, or ${NONE}`);
  return { frame, episode: episode === NONE ? "" : episode, gaze };
}
