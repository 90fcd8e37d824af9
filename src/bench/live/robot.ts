import type { ImageMessage, JointStateMessage, Time } from "../../messages/types.js";

export interface RobotOptions {
  readonly width: number;
  readonly height: number;
  /** What the camera sees, in turn, rgb8; by default patterns. */
  readonly pictures?: readonly Uint8Array[];
  readonly joints: readonly string[];
  /** Images per second. */
  readonly rate: number;
  /** Joint states per second. */
  readonly jointRate: number;
  /** Number of images. */
  readonly ticks: number;
}

/** Messages that a robot sends in a loop, each time with a new stamp. */
export interface RobotMessages {
  readonly images: readonly ImageMessage[];
  readonly jointStates: readonly JointStateMessage[];
}

/** Sends a message of `RobotMessages`, by its index, with this stamp. */
export interface RobotOutputs {
  image(place: number, stamp: Time): void;
  jointState(place: number, stamp: Time): void;
}

/** Milliseconds of joint states before the first image and after the last. */
const MARGIN = 500;

/** Number of different images, so that no cache helps. */
const PICTURES = 4;

/** Seconds of the joints' movement. */
const MOVEMENT = 2;

/** Wall-clock time, milliseconds since 1970: finer than `Date.now()`, the same in every process of a machine. */
export const wallClock = (): number => performance.timeOrigin + performance.now();

export function robotMessages({ width, height, pictures, joints, jointRate }: RobotOptions): RobotMessages {
  const stamp = { sec: 0, nanosec: 0 };
  const states = Math.ceil(MOVEMENT * jointRate);
  const wave = (shape: (phase: number) => number, place: number) =>
    Float64Array.from(joints, (_, j) => 0.5 * shape((2 * Math.PI * place) / states + j));
  const pattern = (p: number) =>
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i >> 8) * 11 + 67 * p) % 256);
  return {
    images: (pictures ?? Array.from({ length: PICTURES }, (_, p) => pattern(p))).map((data) => ({
      header: { stamp, frame_id: "camera" },
      width,
      height,
      encoding: "rgb8",
      is_bigendian: 0,
      step: 3 * width,
      data,
    })),
    jointStates: Array.from({ length: states }, (_, place) => ({
      header: { stamp, frame_id: "" },
      name: [...joints],
      position: wave(Math.sin, place),
      velocity: wave(Math.cos, place),
      effort: new Float64Array(0),
    })),
  };
}

/** Sends images and joint states at fixed rates; resolves after the last image had time to be explained. */
export async function runRobot(
  { rate, jointRate, ticks }: RobotOptions,
  { images, jointStates }: RobotMessages,
  outputs: RobotOutputs,
): Promise<void> {
  const joints = every(1000 / jointRate, (count) => outputs.jointState(count % jointStates.length, stampNow()));
  await new Promise((resolve) => setTimeout(resolve, MARGIN));
  await new Promise<void>((resolve) => {
    const camera = every(1000 / rate, (count) => {
      outputs.image(count % images.length, stampNow());
      if (count < ticks - 1) return;
      camera.end();
      resolve();
    });
  });
  await new Promise((resolve) => setTimeout(resolve, MARGIN));
  joints.end();
}

function stampNow(): Time {
  const now = wallClock();
  const sec = Math.floor(now / 1000);
  return { sec, nanosec: Math.floor((now - 1000 * sec) * 1e6) };
}

/** Calls at a fixed rate without drift, with the number of calls before. Late calls are not made up for. */
function every(periodMs: number, call: (count: number) => void): { end(): void } {
  let next = performance.now() + periodMs;
  let count = 0;
  let timer: NodeJS.Timeout;
  let hasEnded = false;
  const tick = () => {
    call(count++);
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
