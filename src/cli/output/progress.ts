import { Presets, SingleBar } from "cli-progress";
import { visibleLine } from "../../text/visible.js";

/** Milliseconds between two lines in a log; a command that is done earlier prints none. */
const LOG_INTERVAL = 30_000;

/** How far a command is, on stderr: a bar on a terminal, a line every half minute in a log. */
export class Progress {
  readonly #bar = new SingleBar(
    {
      format: "{what} {bar} {percentage} %, {eta_formatted} left  {note}",
      noTTYOutput: true,
      notTTYSchedule: LOG_INTERVAL,
      gracefulExit: false,
      etaBuffer: 1000,
    },
    Presets.shades_classic,
  );
  readonly #quietUntil = process.stderr.isTTY ? 0 : performance.now() + LOG_INTERVAL;
  #total = 0;
  #done = 0;
  #words = { what: "", note: "" };

  /** Begins a phase of `total` steps. */
  start(total: number, what: string): void {
    this.#total = total;
    this.#done = 0;
    this.#words = { what: visibleLine(what), note: "" };
    if (performance.now() >= this.#quietUntil) this.#bar.start(total, 0, this.#words);
  }

  update(done: number, words: { readonly what?: string; readonly note?: string } = {}): void {
    this.#done = done;
    const { what = this.#words.what, note = this.#words.note } = words;
    this.#words = { what: visibleLine(what), note: visibleLine(note) };
    if (this.#bar.isActive) this.#bar.update(done, this.#words);
    else if (performance.now() >= this.#quietUntil) this.#bar.start(this.#total, done, this.#words);
  }

  /** One step further. */
  readonly step = (): void => this.update(this.#done + 1);

  stop(): void {
    this.#bar.stop();
  }
}
