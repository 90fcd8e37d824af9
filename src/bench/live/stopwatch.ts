import type { Explanation } from "../../explain/explanation.js";
import { Latencies } from "../../explain/latencies.js";
import type { Observation } from "../../explain/observation.js";
import { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { Channel, ChannelOptions } from "../../messages/channels.js";
import type { Publisher, RosNode } from "../../ros/client/ros.js";
import type { Match } from "../../sensing/match.js";
import { wallClock } from "./robot.js";

/** Parts of the way from an image's stamp to its published explanation, in their order. */
export const STAGES = ["transport", "synchronise", "wait", "decode", "infer", "encode", "publish"] as const;
export type Stage = (typeof STAGES)[number];

/** `beside` is the sum of the stages but `infer`; `overlay`: stamp → overlay ready to be published. */
export type Timed = Stage | "total" | "beside" | "overlay";

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Times every stage of every tick, from outside the parts that do the work. */
export class Stopwatch {
  readonly #times: ReadonlyMap<Timed, Latencies>;
  readonly #ticks = new Map<bigint, Partial<Record<Stage, number>>>();
  #explaining: Explanation | undefined;
  explained = 0;
  misses = 0;

  constructor(ticks: number) {
    const names: readonly Timed[] = [...STAGES, "total", "beside", "overlay"];
    this.#times = new Map(names.map((name) => [name, new Latencies(ticks)]));
  }

  /** A match whose observing is timed. */
  match(match: Match): Match {
    const stamp = Number(match.stamp / 1000n) / 1000;
    const transport = match.receivedMs + performance.timeOrigin - stamp;
    const synchronise = match.matchedMs - match.receivedMs;
    const observe = async (): Promise<Observation | undefined> => {
      const start = performance.now();
      const observation = await match.observe();
      const decode = performance.now() - start;
      this.#ticks.set(match.stamp, { transport, synchronise, wait: start - match.matchedMs, decode });
      return observation;
    };
    return { ...match, observe };
  }

  /** A sink's writing, timed: what it encodes and publishes at once belongs to this explanation. */
  write(explanation: Explanation, write: () => void): void {
    const tick = this.#ticks.get(explanation.observation.stamp)!;
    tick.infer = explanation.latencyMs;
    this.explained++;
    if (explanation.flags.includes("deadline_missed")) this.misses++;
    this.#explaining = explanation;
    write();
    this.#explaining = undefined;
    this.#ticks.clear();
  }

  /** An encoder whose explanations and overlays are timed. */
  encoder(options: ChannelOptions): ChannelEncoder {
    const watch = this;
    return new (class extends ChannelEncoder {
      override encode(channel: Channel, explanation: Explanation) {
        const start = performance.now();
        const encoded = super.encode(channel, explanation);
        if (channel.name === "explanation") watch.#take("encode", performance.now() - start);
        if (channel.name === "overlay/compressed" && encoded instanceof Promise)
          encoded.then(() => watch.#add("overlay", age(explanation))).catch(() => {});
        return encoded;
      }
    })(options);
  }

  /** A node whose publishing of explanations is timed: with it a tick is complete. */
  node(ros: RosNode): RosNode {
    const explanation = ros.resolveTopic("~/explanation");
    const timed = (publisher: Publisher): Publisher =>
      publisher.topic !== explanation
        ? publisher
        : {
            topic: publisher.topic,
            get subscribers() {
              return publisher.subscribers;
            },
            publish: (cdr) => {
              const start = performance.now();
              publisher.publish(cdr);
              this.#take("publish", performance.now() - start);
              this.#complete();
            },
            close: () => publisher.close(),
          };
    return new Proxy(ros, {
      get(target, key) {
        if (key === "publisher") return (...args: Parameters<RosNode["publisher"]>) => timed(target.publisher(...args));
        const value = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  spread(name: Timed): Spread {
    const times = this.#times.get(name)!;
    return { p50: times.percentile(0.5), p99: times.percentile(0.99), max: times.percentile(1) };
  }

  #take(stage: Stage, milliseconds: number): void {
    const tick = this.#explaining && this.#ticks.get(this.#explaining.observation.stamp);
    if (tick) tick[stage] = milliseconds;
  }

  #complete(): void {
    const explanation = this.#explaining!;
    const tick = this.#ticks.get(explanation.observation.stamp)!;
    const total = age(explanation);
    for (const stage of STAGES) this.#add(stage, tick[stage]!);
    this.#add("total", total);
    this.#add("beside", total - tick.infer!);
  }

  #add(name: Timed, milliseconds: number): void {
    this.#times.get(name)!.add(milliseconds);
  }
}

/** Image stamp → now, milliseconds. */
const age = ({ observation }: Explanation): number => wallClock() - Number(observation.stamp / 1000n) / 1000;
