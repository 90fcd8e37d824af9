import { computed, effect, signal, untracked } from "@preact/signals";
import type { SimulationMessage } from "#src/messages/types.js";
import type { RecordingSource } from "../source/recording-source.js";
import type { Course } from "./course.js";
import type { Model } from "./model.js";

/** How far the second recording may drift while both play, nanoseconds. */
export const DRIFT = 200_000_000n;

const SIMULATION = "/torquelens/simulation";

/** An event of both recordings: log times, nanoseconds. */
export interface SharedEvent {
  readonly name: string;
  readonly first: bigint;
  readonly second: bigint;
}

/** A second recording that follows the first one, at a fixed distance of time. */
export class Following {
  /** Time of the second recording minus that of the first at the same event, nanoseconds. */
  readonly offset = signal(0n);
  /** Events that both have. */
  readonly events = computed<readonly SharedEvent[]>(() => {
    const theirs = new Map(this.#eventsOf(this.#models[1], this.#second, this.#successes[1].value));
    return this.#eventsOf(this.#models[0], this.#first, this.#successes[0].value).flatMap(([name, first]) => {
      const second = theirs.get(name);
      return second === undefined ? [] : [{ name, first, second }];
    });
  });
  readonly #models: readonly [Model, Model];
  readonly #first: RecordingSource;
  readonly #second: RecordingSource;
  /** First success of each simulation, nanoseconds. */
  readonly #successes = [signal<bigint | undefined>(undefined), signal<bigint | undefined>(undefined)] as const;
  readonly #searching = new AbortController();
  readonly #ended: () => void;

  /** @param first that follow the models of `models`, in their order */
  constructor(models: readonly [Model, Model], first: RecordingSource, second: RecordingSource) {
    this.#models = models;
    this.#first = first;
    this.#second = second;
    this.offset.value = second.start - first.start;
    for (const [i, source] of [first, second].entries()) void this.#findSuccess(source, this.#successes[i]!);
    this.#ended = effect(() => {
      const playing = first.playing.value;
      const time = first.time.value + this.offset.value;
      second.speed.value = first.speed.value;
      untracked(() => {
        const drift = second.time.value - time;
        const follows = playing && second.playing.value && drift < DRIFT && -drift < DRIFT;
        if (playing !== second.playing.value && !playing) second.pause();
        if (follows) return;
        second.seek(time);
        if (playing) second.play();
      });
    });
  }

  /** Takes the moments at which both have an event as the same one, and goes there. */
  align({ first, second }: SharedEvent): void {
    this.offset.value = second - first;
    this.#first.seek(first);
  }

  /** Takes the moments that both show now as the same event. */
  alignNow(): void {
    this.offset.value = this.#second.time.value - this.#first.time.value;
  }

  /** Moves the second recording alone, nanoseconds. */
  shift(by: bigint): void {
    this.offset.value += by;
  }

  close(): void {
    this.#ended();
    this.#searching.abort();
  }

  #eventsOf({ course }: Model, { start }: RecordingSource, success: bigint | undefined): [string, bigint][] {
    const episodes = marked(course, "episode_start").map((time, i): [string, bigint] => [
      `start of episode ${i + 1}`,
      time,
    ]);
    const limit = marked(course, "at_limit")[0];
    return [
      ["start of the recording", start],
      ...episodes,
      ...(success === undefined ? [] : [["first success", success] satisfies [string, bigint]]),
      ...(limit === undefined ? [] : [["first joint at its limit", limit] satisfies [string, bigint]]),
    ];
  }

  async #findSuccess(source: RecordingSource, found: { value: bigint | undefined }): Promise<void> {
    if (!source.topics.value.some(({ topic }) => topic === SIMULATION)) return;
    const enough = new AbortController();
    const take = ({ time, data }: { readonly time: bigint; readonly data: unknown }) => {
      if (!(data as SimulationMessage).success) return;
      found.value = time;
      enough.abort();
    };
    await source.scan(SIMULATION, take, AbortSignal.any([enough.signal, this.#searching.signal]));
  }
}

/** Log times at which a flag begins. */
function marked({ version, marks }: Course, flag: string): bigint[] {
  version.value;
  return marks.filter(({ flags }) => flags.includes(flag)).map(({ logTime }) => logTime);
}
