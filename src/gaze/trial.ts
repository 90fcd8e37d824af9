import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { type Frames, framesOf } from "./frames.js";
import { type Label, parseLabels } from "./labels.js";

/** A quarter of an hour of a player's games, frame by frame, with an eye tracker. */
export interface Trial {
  readonly path: string;
  readonly labels: readonly Label[];
  readonly frames: Frames;
}

const LABELS = ".txt";
/** List of all trials of the data set. */
const LIST = "meta_data.csv";

/** @param path the trial's file of labels; its frames lie beside it. @throws InputError as `parseLabels` and `framesOf` */
export async function readTrial(path: string): Promise<Trial> {
  if (extname(path) !== LABELS) throw new InputError(`${path}: expected a trial's file of labels, ending in ${LABELS}`);
  const labels = parseLabels(await readText(path, "the labels of a trial"), path);
  return { path, labels, frames: await framesOf(path.slice(0, -LABELS.length)) };
}

/**
 * Files of labels of a game's trials in a folder, by the folder's `meta_data.csv`.
 * @throws InputError for a list without numbers and games, an unknown game, and a trial without a file
 */
export async function trialsIn(folder: string, game: string): Promise<string[]> {
  const list = join(folder, LIST);
  const [header = "", ...lines] = (await readText(list, "the list of trials")).split(/\r?\n/);
  const names = header.split(",").map(plain);
  const column = (wanted: readonly string[]): number => names.findIndex((name) => wanted.includes(name));
  const [numbered, played] = [column(["trialnumber", "trialid"]), column(["game", "gamename"])];
  if (numbered < 0 || played < 0) throw new InputError(`${list}: line 1: expected columns TrialNumber and Game`);
  const rows = lines.map((line) => line.split(",")).filter((cells) => (cells[numbered] ?? "").trim() !== "");
  const games = [...new Set(rows.map((cells) => cells[played]!.trim()))].sort();
  const chosen = rows.filter((cells) => plain(cells[played]!) === plain(game));
  if (chosen.length === 0) throw new InputError(`--game ${game}: not in ${list}, expected one of ${games.join(", ")}`);
  const files = (await readdir(folder)).filter((name) => name.endsWith(LABELS));
  return chosen.map((cells) => {
    const number = Number(cells[numbered]);
    const file = files.find((name) => Number.parseInt(name, 10) === number && /^\d+_/.test(name));
    if (file === undefined) throw new InputError(`${list}: trial ${number} has no file ${number}_….txt beside it`);
    return join(folder, file);
  });
}

/** Letters and digits of a name in lower case: the data set writes Mspacman, Ms_Pacman, trial_id and TrialNumber. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");
