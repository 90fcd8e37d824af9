import type { Explanation } from "../explain/explanation.js";
import type { JointElements } from "../explain/joint-relevance.js";
import { encoderOf } from "./cdr.js";
import { type Channel, type ChannelOptions, channelTable, type Look } from "./channels.js";
import { checkDisplay, type DisplayOptions, RateLimit } from "./display.js";
import { RobotColors } from "./markers.js";
import type { DiagnosticArrayMessage } from "./types.js";

/** CDR bytes of a channel's message, or a promise of them; undefined where the tick has no message. */
export type Encoded = Uint8Array | Promise<Uint8Array | undefined> | undefined;

/**
 * Encodes the channels' messages as CDR, on demand. Keeps the messages of the newest explanation, so that several sinks
 * and clients share the work: give all sinks of a run the same encoder.
 */
export class ChannelEncoder {
  readonly channels: readonly Channel[];
  readonly #write: ReadonlyMap<Channel, (message: object) => Uint8Array>;
  readonly #heatmapRate = new RateLimit();
  readonly #encoded = new Map<Channel, Encoded>();
  #newest: Explanation | undefined;
  #jointElements: JointElements | undefined;
  #look: Look;

  /** @throws InputError for a robot description that is not a URDF, or an invalid display option */
  constructor(options: ChannelOptions = {}) {
    const { display = {}, robotDescription } = options;
    checkDisplay(display);
    this.#jointElements = options.jointElements;
    this.#look = { display, robot: undefined, description: robotDescription, report: undefined };
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
    const jointElements = this.#jointElements;
    if (!jointElements) return [];
    const robot = new RobotColors(urdf, source, jointElements);
    this.#setLook({ robot, description: urdf });
    return robot.problems;
  }

  /** Sets the newest diagnostics of a node. */
  setReport(report: DiagnosticArrayMessage): void {
    this.#look = { ...this.#look, report };
  }

  /**
   * Goes on with another robot and another policy, on the same channels.
   * @throws as `setRobot`
   */
  changeRobot(urdf: string | undefined, jointElements: JointElements): void {
    const robot = urdf === undefined ? undefined : new RobotColors(urdf, "robot_description", jointElements);
    this.#jointElements = jointElements;
    this.#setLook({ robot, description: urdf });
  }

  /** URIs of the meshes that the robot description names. */
  get meshes(): readonly string[] {
    return this.#look.robot?.meshes ?? [];
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

  /** The message of a latched channel now. */
  encodeLatched(channel: Channel): Uint8Array | undefined {
    const message = channel.latched?.(this.#look);
    return message && this.#write.get(channel)!(message);
  }

  #encode(channel: Channel, explanation: Explanation): Encoded {
    if (channel.isHeatmap && !this.#isDue(explanation)) return undefined;
    const message = channel.convert(explanation, this.#look);
    const write = this.#write.get(channel)!;
    return message instanceof Promise ? message.then(write) : message && write(message);
  }

  #isDue({ heatmaps, attention, observation }: Explanation): boolean {
    for (const _ in { ...heatmaps, ...attention })
      return this.#heatmapRate.due(observation.stamp, this.display.heatmapRate);
    return false;
  }

  #setLook(changes: Partial<Look>): void {
    this.#look = { ...this.#look, ...changes };
    this.#encoded.clear();
  }
}
