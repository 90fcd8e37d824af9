import type { Image } from "../image/image.js";
import type { Policy } from "../policy/policy.js";
import type { TensorData } from "../runtime/session.js";
import type { Observation } from "./observation.js";

/** What a policy saw, the oldest first; windows longer than the episode begin with its first observation repeated. */
export interface Seen {
  readonly images: Readonly<Record<string, readonly (Image | undefined)[]>>;
  readonly values: Readonly<Record<string, readonly (Float64Array | undefined)[]>>;
  /** Carried inputs by tensor name. */
  readonly carried: Readonly<Record<string, TensorData>>;
}

/** Whether a policy's answer depends on earlier observations, or on what it carries on from its own answers. */
export const hasMemory = ({ modalities }: Policy): boolean =>
  modalities.some((m) => (m.kind === "image" ? m.frames > 1 : m.isCarried || m.earlier.length > 0));

/** What a policy needs of earlier ticks: windows of images and values, and the state that it carries itself. */
export class Memory {
  #past: Pick<Observation, "images" | "values">[] = [];
  #carried: Record<string, TensorData> = {};
  readonly #length: number;

  constructor(readonly policy: Policy) {
    const lengths = policy.modalities.map((m) => (m.kind === "image" ? m.frames : m.earlier.length + 1));
    this.#length = Math.max(1, ...lengths);
  }

  /**
   * Says what the policy sees with an observation, and takes it in where `take` does not refuse it. Where an episode
   * begins all before it is forgotten.
   */
  see<T>(observation: Pick<Observation, "images" | "values" | "first">, take: (seen: Seen) => T): T {
    if (observation.first || this.#past.length === 0) {
      this.#past = [];
      this.#carried = {};
    }
    const { images, values } = observation;
    const past = [...this.#past, { images, values }].slice(-this.#length);
    const taken = take(this.#seenWith(past));
    this.#past = past;
    return taken;
  }

  #seenWith(past: readonly Pick<Observation, "images" | "values">[]): Seen {
    const window = <T>(length: number, of: (past: Pick<Observation, "images" | "values">) => T): T[] =>
      Array.from({ length }, (_, i) => of(past[Math.max(0, past.length - length + i)]!));
    const entries = this.policy.modalities.map(
      (m) =>
        [
          m.kind,
          m.name,
          m.kind === "image"
            ? window(m.frames, (past) => past.images[m.name])
            : window(m.earlier.length + 1, (past) => past.values[m.name]),
        ] as const,
    );
    const of = (kind: "image" | "values") =>
      Object.fromEntries(entries.flatMap(([k, name, seen]) => (k === kind ? [[name, seen]] : [])));
    return {
      images: of("image") as Seen["images"],
      values: of("values") as Seen["values"],
      carried: this.#carried,
    };
  }

  /** Keeps what the policy hands to its next tick. */
  keep(outputs: Readonly<Record<string, TensorData>>): void {
    const { state } = this.policy.card;
    this.#carried = Object.fromEntries(
      Object.entries(state).map(([input, output]) => [input, copyOf(outputs[output]!)]),
    );
  }
}

/** Outputs may be handed on to another thread, which takes their memory along. */
const copyOf = ({ dtype, shape, data }: TensorData): TensorData => ({ dtype, shape, data: data.slice() as never });
