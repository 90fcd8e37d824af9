import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import type { Method } from "../../relevance/contract/method.js";
import type { Precision } from "../../relevance/precision/precision.js";
import { picturesOf } from "../scene.js";
import { type LiveTimes, measureLive } from "./measure.js";
import { LIVE_POLICIES, RATE } from "./policies.js";
import { openTopics, type Topics } from "./topics.js";

export interface BenchLiveOptions {
  readonly threads: number;
  readonly method: Method;
  readonly precision: Precision;
  /** Images per case. */
  readonly ticks: number;
  /** Joint states per second. */
  readonly jointRate: number;
  /** Names of `LIVE_POLICIES`; default all. */
  readonly networks?: readonly string[];
  /** Called once with how messages travel, and the images per second. */
  readonly opened: (topics: Topics, rate: number) => void;
}

export interface LiveRow extends LiveTimes {
  readonly network: string;
  readonly image: string;
  readonly transport: Topics["transport"];
  readonly ticks: number;
}

const IMAGES = [
  { width: 240, height: 240 },
  { width: 640, height: 480 },
] as const;

/** Times image stamp to published explanation, stage by stage. @throws InputError for an unknown network */
export async function* benchLive(options: BenchLiveOptions): AsyncGenerator<LiveRow> {
  const { threads, method, precision, ticks, jointRate, networks, opened } = options;
  const names = networks ?? Object.keys(LIVE_POLICIES);
  for (const name of names)
    if (!Object.hasOwn(LIVE_POLICIES, name))
      throw new InputError(`network ${name}: expected one of ${Object.keys(LIVE_POLICIES).join(", ")}`);
  const topics = await openTopics();
  opened(topics, RATE);
  try {
    for (const name of names)
      for (const { width, height } of IMAGES) {
        const { load, task } = own(LIVE_POLICIES, name)!;
        const policy = await load();
        const pictures = task === undefined ? {} : { pictures: await picturesOf(task, width, height) };
        const robot = { width, height, ...pictures, joints: policy.card.joints, rate: RATE, jointRate, ticks };
        const drive = () => topics.drive(robot);
        const times = await measureLive(topics.ros, policy, { threads, method, precision, robot }, drive);
        yield { network: name, image: `${width}x${height}`, transport: topics.transport, ticks, ...times };
      }
  } finally {
    topics.ros.close();
  }
}
