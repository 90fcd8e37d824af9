import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { deserialize, serialize } from "node:v8";
import { InputError } from "../errors.js";
import { writeAtomically } from "../files/atomic.js";
import { makeFolder } from "../files/folder.js";
import { readIfThere, readText } from "../files/reading.js";
import { removeLeftovers } from "../files/temporary.js";
import { own, put } from "../own.js";
import { packageMetadata } from "../package-files.js";
import type { Recipe } from "../sim/tasks/lesson.js";
import type { HistoryState } from "./history/history.js";
import type { Checkpoint } from "./training.js";
import { curvesSvg } from "./training-curves.js";

/** The settings of a training; two trainings with the same settings have the same result. */
export interface RunIdentity {
  readonly task: string;
  readonly seed: number;
  readonly recipe: Recipe;
}

/** What a run folder shows of a kind of training: curves, as JSON and drawn for all networks by name. */
export interface Curves<C, H> {
  of(checkpoint: C): H;
  svg(histories: Readonly<Record<string, H>>): Promise<string>;
}

type LessonHistory = Pick<HistoryState, "curves" | "iterations">;

const RUN = "run.json";

/** A training's folder: its settings, curves and checkpoints. */
export class RunFolder<C = Checkpoint, H = LessonHistory> {
  readonly #histories: Record<string, H> = {};

  private constructor(
    readonly path: string,
    private readonly curves: Curves<C, H>,
  ) {}

  /** The folder of a training of an arm's policy, see `openFor`. */
  static open(path: string, identity: RunIdentity): Promise<RunFolder> {
    return RunFolder.openFor(path, identity, {
      of: ({ history: { curves, iterations } }: Checkpoint) => ({ curves, iterations }),
      svg: (histories) => curvesSvg(histories, identity.recipe.algorithm),
    });
  }

  /**
   * Creates the folder, or opens it to resume the same training.
   * @param identity settings of the training: JSON
   * @throws InputError where it holds anything else; nothing is changed then
   */
  static async openFor<C, H>(path: string, identity: object, curves: Curves<C, H>): Promise<RunFolder<C, H>> {
    const content = { torquelens_run: 2, torquelens: packageMetadata().version, ...identity };
    const found = await readdir(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new InputError(`${path}: cannot be a run folder (${error.code}), expected a folder`);
    });
    if (found !== undefined && found.length > 0) {
      await assertSame(path, content, found);
      await removeLeftovers(path);
    } else {
      await makeFolder(path).catch((error: NodeJS.ErrnoException) => {
        throw new InputError(`${path}: cannot make the run folder (${error.code}), expected a writable folder`);
      });
      await writeAtomically(join(path, RUN), `${JSON.stringify(content, undefined, 2)}\n`);
    }
    return new RunFolder(path, curves);
  }

  /**
   * The last checkpoint of one of the networks; undefined before the first one.
   * @throws InputError for a file that cannot be read, or is not a checkpoint
   */
  async checkpoint(network: string): Promise<C | undefined> {
    const file = this.#checkpointFile(network);
    const bytes = await readIfThere(file, "the checkpoint");
    if (bytes === undefined) return undefined;
    try {
      const checkpoint = deserialize(bytes) as C;
      put(this.#histories, network, this.curves.of(checkpoint));
      return checkpoint;
    } catch {
      throw new InputError(
        `${file}: not a checkpoint of torquelens train; delete it to train this network from the start`,
      );
    }
  }

  /** Writes a checkpoint of one of the networks, and the curves of all. */
  async keep(network: string, checkpoint: C): Promise<void> {
    await writeAtomically(this.#checkpointFile(network), serialize(checkpoint));
    put(this.#histories, network, this.curves.of(checkpoint));
    await writeAtomically(join(this.path, "curves.json"), `${JSON.stringify(this.#histories)}\n`);
  }

  /** Draws the curves of all networks so far. */
  async draw(): Promise<void> {
    if (Object.keys(this.#histories).length === 0) return;
    await writeAtomically(join(this.path, "curves.svg"), await this.curves.svg(this.#histories));
  }

  /** Draws the curves and writes the result. */
  async finish(result: object): Promise<void> {
    await this.draw();
    await writeAtomically(join(this.path, "result.json"), `${JSON.stringify(result, undefined, 2)}\n`);
  }

  #checkpointFile(network: string): string {
    return join(this.path, `${network}.checkpoint`);
  }
}

async function assertSame(path: string, content: Readonly<Record<string, unknown>>, files: string[]): Promise<void> {
  if (!files.includes(RUN))
    throw new InputError(`${path}: not a run folder of torquelens train, expected an empty one`);
  let held: unknown;
  const text = await readText(join(path, RUN), "the settings of the run");
  try {
    held = JSON.parse(text);
  } catch {
    throw new InputError(`${join(path, RUN)}: not JSON, expected what torquelens train wrote`);
  }
  const expected = JSON.parse(JSON.stringify(content)) as Record<string, unknown>;
  const difference = firstDifference(held, expected);
  if (difference === undefined) return;
  throw new InputError(`${path}: holds a training with ${difference}; expected an empty folder, or the same training`);
}

/** The first difference between two JSON values, in words. */
function firstDifference(held: unknown, expected: unknown, place = ""): string | undefined {
  if (isDeepStrictEqual(held, expected)) return undefined;
  if (!isRecord(held) || !isRecord(expected)) {
    return `${place} ${inWords(held)}, not ${inWords(expected)}`;
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(held)])) {
    const found = firstDifference(own(held, key), own(expected, key), place === "" ? key : `${place}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inWords(value: unknown): string {
  if (value === undefined || isRecord(value)) return value === undefined ? "unset" : "set";
  return typeof value === "string" ? value : JSON.stringify(value);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
