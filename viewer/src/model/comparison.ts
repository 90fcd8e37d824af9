import { effect } from "@preact/signals";
import type { Heatmap } from "#src/image/heatmap.js";
import { nanoseconds } from "#src/messages/stamp.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import { ComparedSource } from "../source/compared-source.js";
import { RecordingSource } from "../source/recording-source.js";
import type { CameraFrame } from "./camera.js";
import { DRIFT, Following } from "./following.js";
import { Model } from "./model.js";
import { Pairs } from "./pairs.js";

/** Two runs at the same moment, or one run as two methods explain it. What is subtracted belongs to one moment. */
export class Comparison {
  /** Keeps two recordings together; undefined for two methods on one run, which share every tick. */
  readonly following: Following | undefined;
  readonly explanations: Pairs<ExplanationMessage>;
  readonly #frames = new Map<string, Pairs<CameraFrame>>();
  readonly #endings: (() => void)[] = [];

  private constructor(
    readonly first: Model,
    readonly second: Model,
    recordings?: readonly [RecordingSource, RecordingSource],
  ) {
    this.following = recordings && new Following([first, second], ...recordings);
    this.explanations = this.#pairs();
    for (const [i, model] of [first, second].entries()) {
      const side = i as 0 | 1;
      this.#endings.push(
        effect(() => {
          const explanation = model.explanation.value;
          if (explanation) this.explanations.add(side, nanoseconds(explanation.header.stamp), explanation);
        }),
        effect(() => {
          for (const [camera, frame] of model.frames.value) this.#framesOf(camera).add(side, frame.stamp, frame);
        }),
      );
    }
    this.#endings.push(
      effect(() => {
        second.joint.value = first.joint.value;
      }),
    );
  }

  /** The second method of a run beside its first. */
  static ofMethods(run: Model): Comparison {
    return new Comparison(run, new Model(new ComparedSource(run.source)));
  }

  /** Another recording beside a run that is one. */
  static ofRecordings(run: Model, other: RecordingSource): Comparison {
    if (!(run.source instanceof RecordingSource)) throw new Error("a recording is compared with recordings");
    return new Comparison(run, new Model(other), [run.source, other]);
  }

  /** Time of the second run minus that of the first at the same moment, nanoseconds. */
  get offset(): bigint {
    return this.following?.offset.value ?? 0n;
  }

  /** What a camera showed in both at one moment. */
  framesOf(camera: string): Pairs<CameraFrame>["newest"] {
    return this.#framesOf(camera).newest;
  }

  close(): void {
    for (const end of this.#endings) end();
    this.following?.close();
    this.second.close();
  }

  #framesOf(camera: string): Pairs<CameraFrame> {
    let pairs = this.#frames.get(camera);
    if (!pairs) {
      pairs = this.#pairs();
      this.#frames.set(camera, pairs);
    }
    return pairs;
  }

  /** Ticks of two methods pair by their stamp alone. */
  #pairs<T>(): Pairs<T> {
    return new Pairs<T>(() => this.following?.offset.peek() ?? 0n, this.following ? DRIFT : 0n);
  }
}

/** The first heatmap minus the second, N·m per pixel; undefined where their sizes differ. */
export function difference(a: Heatmap | undefined, b: Heatmap | undefined): Heatmap | undefined {
  if (!a || !b || a.width !== b.width || a.height !== b.height) return undefined;
  return { width: a.width, height: a.height, data: a.data.map((value, i) => value - b.data[i]!) };
}
