import type { ImageMessage, JointStateMessage, Time } from "../../../messages/types.js";

export interface RobotOptions {
  readonly width: number;
  readonly height: number;
  readonly joints: readonly string[];
  /** Images a second. */
  readonly rate: number;
  /** Joint states a second. */
  readonly jointRate: number;
  /** Ends after so many images. */
  readonly ticks: number;
}

/** Where a robot's messages go. */
export interface RobotOutputs {
  image(message: ImageMessage): void;
  jointState(message: JointStateMessage): void;
}

/** Joint states run so long before the first image, and after the last one, milliseconds. */
const MARGIN = 500;

/** Different images, so that nothing can be remembered. */
const PICTURES = 4;

/** Wall-clock time, milliseconds since 1970, finer than `Date.now()` and alike in every process of a machine. */
export const wallClock = (): number => performance.timeOrigin + performance.now();

/** A camera and joints that only send messages, at fixed rates. */
export class Robot {
  readonly #pictures: readonly Uint8Array[];
  #sent = 0;

  constructor(
    private readonly options: RobotOptions,
    private readonly outputs: RobotOutputs,
  ) {
    const { width, height } = options;
    this.#pictures = Array.from({ length: PICTURES }, (_, p) =>
      Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 8) * 11 + 67 * p) % 256),
    );
  }

  /** Sends everything; resolves when the last image has gone and had time to be explained. */
  async run(): Promise<void> {
    const { rate, jointRate, ticks } = this.options;
    const joints = every(1000 / jointRate, () => this.outputs.jointState(this.#jointState()));
    await new Promise((resolve) => setTimeout(resolve, MARGIN));
    await new Promise<void>((resolve) => {
      const images = every(1000 / rate, () => {
        this.outputs.image(this.#image());
        this.#sent++;
        if (this.#sent < ticks) return;
        images.end();
        resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, MARGIN));
    joints.end();
  }

  #image(): ImageMessage {
    const { width, height } = this.options;
    return {
      header: { stamp: stampNow(), frame_id: "camera" },
      width,
      height,
      encoding: "rgb8",
      is_bigendian: 0,
      step: 3 * width,
      data: this.#pictures[this.#sent % PICTURES]!,
    };
  }

  #jointState(): JointStateMessage {
    const { joints } = this.options;
    const seconds = performance.now() / 1000;
    return {
      header: { stamp: stampNow(), frame_id: "" },
      name: [...joints],
      position: Float64Array.from(joints, (_, j) => 0.5 * Math.sin(seconds + j)),
      velocity: Float64Array.from(joints, (_, j) => 0.5 * Math.cos(seconds + j)),
      effort: new Float64Array(0),
    };
  }
}

function stampNow(): Time {
  const now = wallClock();
  const sec = Math.floor(now / 1000);
  return { sec, nanosec: Math.floor((now - 1000 * sec) * 1e6) };
}

/** Calls at a fixed rate without drift; calls that are late are not made up for. */
function every(periodMs: number, call: () => void): { end(): void } {
  let next = performance.now() + periodMs;
  let timer: NodeJS.Timeout;
  let hasEnded = false;
  const tick = () => {
    call();
    next = Math.max(next + periodMs, performance.now());
    if (!hasEnded) timer = setTimeout(tick, next - performance.now());
  };
  timer = setTimeout(tick, periodMs);
  return {
    end: () => {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}
