import type { Image } from "../image/image.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { TensorData } from "../runtime/session.js";
import type { Observation } from "./observation.js";

/** What a policy sees at one tick, the oldest first. Windows longer than the episode repeat its first observation. */
export interface Window {
  readonly images: Readonly<Record<string, readonly (Image | undefined)[]>>;
  readonly values: Readonly<Record<string, readonly (Float64Array | undefined)[]>>;
  /** Carried inputs by tensor name. */
  readonly carried: Readonly<Record<string, TensorData>>;
}

/** True where a policy's output depends on earlier observations, or on state that it carries from tick to tick. */
export const hasMemory = ({ modalities }: Policy): boolean =>
  modalities.some((m) => (m.kind === "image" ? m.frames > 1 : m.isCarried || m.earlier.length > 0));

/** Keeps what a policy needs from earlier ticks: windows of images and values, and the state that it carries. */
export class Memory {
  #past: Pick<Observation, "images" | "values">[] = [];
  #carried: Record<string, TensorData> = {};
  readonly #length: number;

  constructor(readonly policy: Policy) {
    const lengths = policy.modalities.map((m) => (m.kind === "image" ? m.frames : m.earlier.length + 1));
    this.#length = Math.max(1, ...lengths);
  }

  /**
   * Calls `use` with the window that ends with this observation, and keeps the observation unless `use` throws. The first
   * observation of an episode clears the memory.
   */
  add<T>(observation: Pick<Observation, "images" | "values" | "first">, use: (window: Window) => T): T {
    if (observation.first || this.#past.length === 0) {
      this.#past = [];
      this.#carried = {};
    }
    const { images, values } = observation;
    const past = [...this.#past, { images, values }].slice(-this.#length);
    const result = use(this.#windowOf(past));
    this.#past = past;
    return result;
  }

  #windowOf(past: readonly Pick<Observation, "images" | "values">[]): Window {
    const newest = <T>(length: number, of: (past: Pick<Observation, "images" | "values">) => T): T[] =>
      Array.from({ length }, (_, i) => of(past[Math.max(0, past.length - length + i)]!));
    const entries = this.policy.modalities.map(
      (m) =>
        [
          m.kind,
          m.name,
          m.kind === "image"
            ? newest(m.frames, (past) => own(past.images, m.name))
            : newest(m.earlier.length + 1, (past) => own(past.values, m.name)),
        ] as const,
    );
    const of = (kind: "image" | "values") =>
      Object.fromEntries(entries.flatMap(([k, name, items]) => (k === kind ? [[name, items]] : [])));
    return {
      images: of("image") as Window["images"],
      values: of("values") as Window["values"],
      carried: this.#carried,
    };
  }

  /** Keeps the state that the policy carries to its next tick. */
  keep(outputs: Readonly<Record<string, TensorData>>): void {
    const { state } = this.policy.card;
    this.#carried = Object.fromEntries(
      Object.entries(state).map(([input, output]) => [input, copyOf(own(outputs, output)!)]),
    );
  }
}

/** A copy, because outputs may be transferred to another thread with their memory. */
const copyOf = ({ dtype, shape, data }: TensorData): TensorData => ({ dtype, shape, data: data.slice() as never });
