import type { Explanation } from "../explain/explanation.js";
import { encoderOf } from "./cdr.js";
import { type Channel, type ChannelOptions, channelTable, type Look } from "./channels.js";
import { checkDisplay, type DisplayOptions, RateLimit } from "./display.js";
import { RobotColors } from "./markers.js";

/** CDR bytes of a channel's message, or a promise of them; undefined where the tick has no message. */
export type Encoded = Uint8Array | Promise<Uint8Array | undefined> | undefined;

/**
 * Encodes the channels' messages as CDR, on demand. Keeps the messages of the newest explanation, so that several sinks
 * and clients share the work: give all sinks of a run the same encoder.
 */
export class ChannelEncoder {
  readonly channels: readonly Channel[];
  readonly #options: ChannelOptions;
  readonly #write: ReadonlyMap<Channel, (message: object) => Uint8Array>;
  readonly #heatmapRate = new RateLimit();
  readonly #encoded = new Map<Channel, Encoded>();
  #newest: Explanation | undefined;
  #look: Look;

  /** @throws InputError for a robot description that is not a URDF, or an invalid display option */
  constructor(options: ChannelOptions = {}) {
    const { display = {}, robotDescription } = options;
    checkDisplay(display);
    this.#options = options;
    this.#look = { display, robot: undefined };
    if (robotDescription !== undefined) this.setRobot(robotDescription);
    this.channels = channelTable(options);
    this.#write = new Map(this.channels.map((channel) => [channel, encoderOf(channel.type)]));
  }

  get display(): DisplayOptions {
    return this.#look.display;
  }

  /**
   * Changes how explanations are shown from now on. Options that are left out stay; `undefined` restores the default.
   * @throws InputError naming the option; nothing changes then
   */
  setDisplay(changes: DisplayOptions): void {
    checkDisplay(changes);
    this.#setLook({ display: { ...this.#look.display, ...changes } });
  }

  /**
   * Sets the robot whose links the markers colour. Returns the faults of visuals that are left out, one line each.
   * @param source name of the description in errors
   * @throws InputError for text that is not a URDF; the previous robot stays then
   */
  setRobot(urdf: string, source = "robot_description"): readonly string[] {
    const { jointElements } = this.#options;
    if (!jointElements) return [];
    const robot = new RobotColors(urdf, source, jointElements);
    this.#setLook({ robot });
    return robot.problems;
  }

  /** The message of one of `channels` for an explanation. */
  encode(channel: Channel, explanation: Explanation): Encoded {
    if (explanation !== this.#newest) {
      this.#encoded.clear();
      this.#newest = explanation;
    }
    if (this.#encoded.has(channel)) return this.#encoded.get(channel);
    const encoded = this.#encode(channel, explanation);
    this.#encoded.set(channel, encoded);
    return encoded;
  }

  /** The message of a latched channel, which never changes. */
  encodeLatched(channel: Channel): Uint8Array | undefined {
    return channel.latched && this.#write.get(channel)!(channel.latched);
  }

  #encode(channel: Channel, explanation: Explanation): Encoded {
    if (channel.isHeatmap && !this.#isDue(explanation)) return undefined;
    const message = channel.convert(explanation, this.#look);
    const write = this.#write.get(channel)!;
    return message instanceof Promise ? message.then(write) : message && write(message);
  }

  #isDue({ heatmaps, observation }: Explanation): boolean {
    for (const _ in heatmaps) return this.#heatmapRate.due(observation.stamp, this.display.heatmapRate);
    return false;
  }

  #setLook(changes: Partial<Look>): void {
    this.#look = { ...this.#look, ...changes };
    this.#encoded.clear();
  }
}
