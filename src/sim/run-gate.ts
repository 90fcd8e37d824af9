/** Runs, pauses or steps a simulation. */
export class RunGate {
  #isPaused = false;
  #steps = 0;
  #open: (() => void) | undefined;
  #done: (() => void)[] = [];

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#steps = 0;
    this.#open?.();
    this.#finish();
  }

  /** Takes a number of steps while paused. Resolves when they are done, or when the simulation resumes. */
  async step(count: number): Promise<void> {
    if (!this.#isPaused) throw new Error("the simulation is running, expected it to be paused");
    if (count < 1) return;
    this.#steps += count;
    this.#open?.();
    await new Promise<void>((resolve) => this.#done.push(resolve));
  }

  /** Waits until the next step is allowed: at once while the simulation runs or when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<void> {
    if (this.#isPaused && this.#steps === 0) this.#finish();
    while (this.#isPaused && this.#steps === 0 && !signal.aborted) await this.#wait(signal);
    if (this.#steps > 0) this.#steps--;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#open = done;
      signal.addEventListener("abort", done);
    });
    this.#open = undefined;
  }

  #finish(): void {
    for (const resolve of this.#done.splice(0)) resolve();
  }
}
