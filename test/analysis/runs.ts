import { join } from "node:path";
import type { Run } from "#src/analysis/run.js";
import { identityOf, RunBuilder } from "#src/analysis/run-builder.js";
import { McapSink } from "#src/bag/mcap-sink.js";
import type { Explanation, ExplanationFlag, Level } from "#src/explain/explanation.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { toExplanation } from "#src/messages/explanation.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import { sampleExplanation } from "../messages/sample.js";

export const PERIOD = 50_000_000n;

export interface Tick {
  /** Shares of image, joint_position, joint_velocity, end_effector_position. */
  readonly shares: readonly [number, number, number, number];
  readonly flags?: readonly ExplanationFlag[];
  readonly first?: boolean;
  readonly residual?: number;
  /** Nanoseconds; default: a period after the one before, from 1,000 s on. */
  readonly stamp?: bigint;
  readonly policy?: string;
  readonly contrast?: string;
  readonly level?: Level;
}

export const START = 1_000_000_000_000n;

/** An explanation that says what the tick says; two torques, whose shares are the same. */
export function explanationOf(tick: Tick, index: number): Explanation {
  const sample = sampleExplanation(index, 16, 12);
  const { shares, flags = [], first = false, residual = 1e-6, stamp = START + BigInt(index) * PERIOD, policy } = tick;
  return {
    ...sample,
    observation: { ...sample.observation, tick: index, stamp, first },
    shares: Float32Array.from(shares),
    torqueShares: Float32Array.from([...shares, ...shares]),
    conservationResidual: residual,
    flags,
    policySha256: policy ?? sample.policySha256,
    contrast: tick.contrast,
    level: tick.level ?? sample.level,
  };
}

const messageOf = (tick: Tick, index: number): ExplanationMessage => toExplanation(explanationOf(tick, index));

/** A run without a file. */
export function runOf(ticks: readonly Tick[], place: Partial<Pick<Run, "bag" | "episode" | "messages">> = {}): Run {
  const messages = ticks.map(messageOf);
  const builder = new RunBuilder(identityOf(messages[0]!), "test");
  for (const [i, message] of messages.entries()) builder.add(message, START + BigInt(i) * PERIOD + 7n);
  return builder.build({ bag: "run.mcap", episode: 0, bagStart: START + 7n, messages: new Map(), ...place });
}

/** An explained recording. */
export async function writeBag(folder: string, name: string, ticks: readonly Tick[]): Promise<string> {
  const path = join(folder, name);
  const sink = await McapSink.create(path, { encoder: new ChannelEncoder() });
  for (const [i, tick] of ticks.entries()) await sink.write(explanationOf(tick, i));
  await sink.close();
  return path;
}

/** So many ticks with the image's share as given, the rest to the joints' positions. */
export function imageShares(values: readonly number[]): Tick[] {
  return values.map((image, i) => ({ shares: [image, 1 - image, 0, 0], first: i === 0 }));
}
