import type { Explanation } from "../../explain/explanation.js";
import { Latencies } from "../../explain/latencies.js";
import type { Observation } from "../../explain/observation.js";
import { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { Channel, ChannelOptions } from "../../messages/channels.js";
import type { Publisher, RosNode } from "../../ros/client/ros.js";
import type { Match } from "../../sensing/match.js";
import { wallClock } from "./robot.js";

/** Stages between an image's stamp and its published explanation, in order. */
export const STAGES = ["transport", "synchronise", "wait", "decode", "infer", "encode", "publish"] as const;
export type Stage = (typeof STAGES)[number];

/** `beside`: all stages but `infer`; `overlay`: stamp → overlay ready to be published. */
export type Timed = Stage | "total" | "beside" | "overlay";

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Times every stage of every tick by wrapping the parts that do the work. */
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

  /** Wraps a match to time its observation. */
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

  /** Times a sink's `write`: messages encoded and published during the call belong to this explanation. */
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

  /** An encoder that times explanations and overlays. */
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

  /** Wraps a node to time the publishing of explanations, which completes a tick. */
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
