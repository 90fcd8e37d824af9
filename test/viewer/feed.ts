import type { Explanation } from "#src/explain/explanation.js";
import { FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import type { ChannelOptions } from "#src/messages/channels.js";
import { sampleExplanation } from "../messages/sample.js";

export const URDF = `<robot name="r"><link name="base"/><link name="upper_arm"/><link name="fore_arm"/>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="upper_arm"/><axis xyz="0 0 1"/>
<limit lower="-1" upper="1" effort="1" velocity="1"/></joint>
<joint name="elbow" type="revolute"><parent link="upper_arm"/><child link="fore_arm"/><axis xyz="0 0 1"/>
<limit lower="-1" upper="1" effort="1" velocity="1"/></joint></robot>`;

/** A live run of made-up explanations on a page. */
export class Feed {
  /** What the server told its user. */
  readonly notices: readonly string[];
  readonly #sink: FoxgloveSink;
  readonly #timer: NodeJS.Timeout;

  private constructor(sink: FoxgloveSink, timer: NodeJS.Timeout, notices: readonly string[]) {
    this.notices = notices;
    this.#sink = sink;
    this.#timer = timer;
  }

  /** @param change makes a tick of the run of a sample */
  static async start(options: ChannelOptions, change: (sample: Explanation) => Explanation = (sample) => sample) {
    const notices: string[] = [];
    const sink = await FoxgloveSink.listen({
      encoder: new ChannelEncoder(options),
      port: "page",
      page: { port: 0 },
      name: "feed",
      notice: (line) => notices.push(line),
    });
    let tick = 0;
    const timer = setInterval(() => sink.write(change(sampleExplanation(tick++, 32, 24))), 50);
    return new Feed(sink, timer, notices);
  }

  get url(): string {
    return this.#sink.pageUrl!;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sink.close();
  }
}
