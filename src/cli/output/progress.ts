import { Presets, SingleBar } from "cli-progress";
import { duration } from "../../numbers/duration.js";
import { visibleLine } from "../../text/visible.js";
import { Work } from "./work.js";

/** Milliseconds between two lines in a log; a command that is done earlier prints none. */
const LOG_INTERVAL = 30_000;

interface Words {
  /** The command's present phase. */
  readonly what: string;
  readonly note: string;
}

/** How far a whole command is, on stderr: a bar on a terminal, a line every half minute in a log. */
export class Progress {
  readonly #bar = new SingleBar(
    {
      format: (_, { maxWidth }) => progressLine(this.#words, this.#work, performance.now() / 1000, maxWidth),
      noTTYOutput: true,
      notTTYSchedule: LOG_INTERVAL,
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  readonly #quietUntil = process.stderr.isTTY ? 0 : performance.now() + LOG_INTERVAL;
  readonly #work: Work;
  #words: Words;

  /**
   * Shows nothing before the first note of progress.
   * @param total work of the command, all phases together, in units of any kind
   */
  constructor(total: number, what: string) {
    this.#work = new Work(total);
    this.#words = { what: visibleLine(what), note: "" };
  }

  /** @param done work done in all */
  update(done: number, words: Partial<Words> = {}): void {
    this.#work.update(done);
    this.#show(words);
  }

  /** Work that is not done now: an earlier run has done it. */
  skip(done: number, words: Partial<Words> = {}): void {
    this.#work.skip(done);
    this.#show(words);
  }

  /** Work done in all. */
  get done(): number {
    return this.#work.done;
  }

  /** One unit further. */
  readonly step = (): void => this.update(this.#work.done + 1);

  /** Leaves the line as it is, so that others can be written; the next note of progress begins a new one. */
  stop(): void {
    this.#bar.stop();
  }

  #show({ what = this.#words.what, note = this.#words.note }: Partial<Words>): void {
    this.#words = { what: visibleLine(what), note: visibleLine(note) };
    const { total, done } = this.#work;
    if (this.#bar.isActive) this.#bar.update(done);
    else if (performance.now() >= this.#quietUntil) this.#bar.start(total, done);
  }
}

/** Columns of a bar: as many as the line leaves. */
const [NARROWEST, WIDEST] = [8, 30];

/**
 * One line of at most `width` columns: phase, bar, part done, time left and time of the whole command, note. What does
 * not fit is left out whole, in this order: the time of the whole command, the bar, the note from its end.
 * @param elapsed seconds since the command began
 */
export function progressLine({ what, note }: Words, work: Work, elapsed: number, width: number): string {
  const { part, left } = work;
  const room = Math.max(0, width - 1);
  const percent = `${Math.floor(100 * part)} %`;
  const rest = left === undefined ? "" : `${duration(left)} left`;
  const inAll = left === undefined ? "" : `${rest} of ${duration(elapsed + left)}`;
  const joined = (...words: readonly string[]) => words.filter(Boolean).join("  ");
  for (const words of [joined(percent, inAll, note), joined(percent, rest, note)]) {
    const columns = Math.min(WIDEST, width - what.length - words.length - 3);
    if (columns >= NARROWEST) return `${what} ${barOf(part, columns)} ${words}`;
  }
  const parts = note.split(", ");
  const shorter = parts.map((_, k) => joined(percent, rest, parts.slice(0, parts.length - k).join(", ")));
  const lines = [...shorter, joined(percent, rest), percent].map((words) => `${what} ${words}`);
  return lines.find((line) => line.length <= room) ?? lines.at(-1)!.slice(0, room);
}

function barOf(part: number, columns: number): string {
  const full = Math.round(part * columns);
  return "█".repeat(full) + "░".repeat(columns - full);
}
