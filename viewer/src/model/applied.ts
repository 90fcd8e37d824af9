import { signal } from "@preact/signals";

/** A perturbation that the simulation took, as a perturbation file holds it. */
export interface AppliedRow {
  readonly episode: number;
  readonly tick: number;
}

/** The control step of a row or of the simulation. */
type Step = AppliedRow;

export const isBefore = (a: Step, b: Step): boolean =>
  a.episode < b.episode || (a.episode === b.episode && a.tick < b.tick);

/** The perturbations since the simulation last began with its first episode: what a file needs to play it back. */
export class Applied {
  readonly rows = signal<readonly AppliedRow[]>([]);
  #at: Step | undefined;
  #setting = "";

  add(row: AppliedRow): void {
    const { value } = this.rows;
    const last = value.at(-1);
    this.rows.value = last && isBefore(row, last) ? [row] : [...value, row];
  }

  clear(): void {
    if (this.rows.value.length > 0) this.rows.value = [];
  }

  /** Takes the simulation's step. Rows of a run that ended are forgotten: of another task or condition, or before a reset. */
  reached(at: Step, setting: string): void {
    if (this.#setting !== "" && this.#setting !== setting) this.clear();
    else if (this.#at && isBefore(at, this.#at) && this.rows.value.some((row) => isBefore(at, row)))
      this.rows.value = this.rows.value.filter((row) => !isBefore(at, row));
    this.#at = at;
    this.#setting = setting;
  }

  /** The content of a perturbation file, a row a line. */
  get text(): string {
    return `[\n${this.rows.value.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`;
  }
}
