import { InputError } from "../errors.js";
import { hasMemory } from "../explain/memory.js";
import type { Observation } from "../explain/observation.js";
import { ImageError } from "../image/image-error.js";
import type { CameraInfoMessage, Float64MultiArrayMessage, JointStateMessage, TfMessage } from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import { KnownArm } from "./arm-model.js";
import { Beginning } from "./beginning.js";
import { type Counters, type DropReason, Tally } from "./counters.js";
import { GivenValues } from "./given-values.js";
import type { Arrival, Match } from "./match.js";
import type { ObserverOptions } from "./observer-options.js";
import { CameraError, type CameraMessage, Observing } from "./observing.js";
import { nanoseconds, stampOf } from "./stamp.js";
import { StampGate } from "./stamp-gate.js";
import { type RobotState, StateBuffer } from "./state-buffer.js";
import { type SyncOptions, settingsOf } from "./sync-options.js";
import { type Matched, Synchroniser } from "./synchroniser.js";
import { JOINT_STATES, ROBOT_DESCRIPTION, TF, valuesTopic } from "./topics.js";
import { unusable } from "./values.js";

/**
 * Makes a policy's observations of a robot's messages, from ROS 2 or a recording. Messages go in as they come, and with
 * each come the matches that it completed. What is made of them follows from the messages, their order and the clock.
 * No message makes it throw: what it cannot use it counts and tells of.
 */
export class Observer {
  /** The policy's image modalities. The first one's images lead: an observation has their stamp. */
  readonly cameras: readonly string[];
  /** What no sensor gives. */
  readonly given: GivenValues;
  readonly #policy: Policy;
  readonly #hasMemory: boolean;
  readonly #tally: Tally;
  readonly #gate: StampGate;
  readonly #states: StateBuffer;
  readonly #synchroniser: Synchroniser<Arrival, RobotState>;
  readonly #observing: Observing;
  readonly #newest = new Map<string, bigint>();
  readonly #arm: KnownArm;
  readonly #beginning: Beginning;
  #episode = 0;
  #observed: { readonly episode: number; readonly stamp: bigint } | undefined;
  #begins: bigint | undefined;
  #tick = 0;

  private constructor(
    policy: Policy,
    { now, problem = () => undefined, values = {}, heard = [], quietStart = 0, ...sync }: ObserverOptions,
  ) {
    this.#policy = policy;
    this.#hasMemory = hasMemory(policy);
    this.#tally = new Tally(problem);
    this.#gate = new StampGate(now, settingsOf(sync, policy.card.control_period));
    this.#arm = new KnownArm(policy);
    this.#beginning = new Beginning(nanoseconds(quietStart));
    this.given = new GivenValues(policy, values, heard);
    this.#states = new StateBuffer(policy, this.given);
    this.#observing = new Observing(policy, this.#tally);
    this.cameras = policy.modalities.flatMap(({ kind, name }) => (kind === "image" ? [name] : []));
    const [first = JOINT_STATES, ...others] = this.cameras;
    this.#synchroniser = new Synchroniser([first, ...others]);
  }

  /** @throws InputError for an option out of range, values that do not fit, a modality without a source, or an arm's file that is wrong */
  static async create(policy: Policy, options: ObserverOptions): Promise<Observer> {
    const observer = new Observer(policy, options);
    await observer.#arm.load();
    return observer;
  }

  /** Changes how messages are brought together; options left out get their defaults. @throws InputError */
  configure(options: SyncOptions): void {
    this.#gate.settings = settingsOf(options, this.#policy.card.control_period);
  }

  /**
   * A camera's image; `camera` is its modality. The message is not to be changed afterwards.
   * @param release gives the message's memory back, see `Match.release`
   */
  image(camera: string, message: CameraMessage, release?: () => void): readonly Match[] {
    if (!this.cameras.includes(camera))
      throw new Error(`camera ${camera}: expected one of ${this.cameras.join(", ") || "none"}`);
    const receivedMs = performance.now();
    this.#receive(camera);
    const stamp = stampOf(message.header.stamp);
    try {
      this.#observing.check(camera, message);
    } catch (error) {
      return this.#dropImage(camera, error);
    }
    const refusal = this.#gate.refusal(stamp, "image");
    if (refusal) return this.#drop(camera, refusal.why, refusal.reason);
    const newest = this.#newest.get(camera);
    if (newest !== undefined && stamp < newest - this.#gate.settings.clockJump) this.#jump();
    else if (newest !== undefined && stamp <= newest)
      return this.#drop(camera, "out_of_order", "stamped as, or before, the image that came before it");
    this.#newest.set(camera, stamp);
    this.#synchroniser.add(camera, { stamp, message: { message, receivedMs, release } });
    return this.#take();
  }

  /** Calibration of a camera, for its images from now on. */
  cameraInfo(camera: string, message: CameraInfoMessage): void {
    this.#receive(`${camera}/camera_info`);
    this.#observing.calibrate(camera, message);
  }

  jointState(message: JointStateMessage): readonly Match[] {
    const receivedMs = performance.now();
    this.#receive(JOINT_STATES);
    const stamp = stampOf(message.header.stamp);
    const refusal = this.#gate.refusal(stamp, "state");
    const problems = refusal ? [refusal] : this.#states.addJoints(message, stamp);
    for (const { why, reason } of problems) this.#tally.dropped(JOINT_STATES, why, reason);
    if (!refusal && this.cameras.length === 0 && stamp > (this.#newest.get(JOINT_STATES) ?? -1n)) {
      this.#newest.set(JOINT_STATES, stamp);
      this.#synchroniser.add(JOINT_STATES, { stamp, message: { message: undefined, receivedMs } });
    }
    return this.#take();
  }

  /** Frames' poses, of `/tf` or of `/tf_static`. */
  transforms(message: TfMessage, isStatic = false): readonly Match[] {
    this.#receive(TF);
    for (const { why, reason } of this.#states.addTransforms(message, isStatic, this.#gate))
      this.#tally.dropped(TF, why, reason);
    return this.#take();
  }

  /** What a modality that no sensor gives is from now on; a message without a stamp. */
  givenValues(modality: string, { data }: Pick<Float64MultiArrayMessage, "data">): readonly Match[] {
    const topic = valuesTopic(modality);
    this.#receive(topic);
    try {
      this.given.set(modality, data);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#tally.dropped(topic, "malformed", error.message);
    }
    return this.#take();
  }

  /** The robot's URDF, for a policy whose card names no file; another one replaces it. */
  async robotDescription(urdf: string): Promise<void> {
    this.#receive(ROBOT_DESCRIPTION);
    const problem = await this.#arm.describe(urdf);
    if (problem !== undefined) this.#tally.dropped(ROBOT_DESCRIPTION, "malformed", problem);
  }

  /**
   * The torques that the policy commanded last, N·m, in the card's order: its previous action, and α's direction.
   * Torques that are promised are waited for by an observation that depends on them; where the promise is broken, those
   * before them hold on.
   */
  commanded(torque: ArrayLike<number> | Promise<ArrayLike<number>>): void {
    this.#observing.commanded(torque);
  }

  /** An episode begins with the image of this stamp, as who recorded it knew. */
  begins(stamp: bigint): void {
    this.#begins = stamp;
  }

  /** Forgets all messages; the next observation begins an episode. */
  reset(): void {
    this.#episode++;
    this.#beginning.restart();
    this.#newest.clear();
    this.#states.clear();
    this.#synchroniser.clear();
  }

  counters(): Counters {
    return this.#tally.counters();
  }

  /** Frees the arm. Safe to call twice. */
  delete(): void {
    this.#arm.delete();
    this.reset();
  }

  #receive(topic: string): void {
    this.#tally.received(topic);
    if (this.#gate.tick()) this.#jump();
  }

  #jump(): void {
    this.#tally.count("clockJumps");
    this.reset();
  }

  #drop(topic: string, why: DropReason, reason: string): readonly Match[] {
    this.#tally.dropped(topic, why, reason, { isImage: topic === (this.cameras[0] ?? JOINT_STATES) });
    return this.#take();
  }

  #dropImage(camera: string, error: unknown): readonly Match[] {
    if (!(error instanceof ImageError)) throw error;
    return this.#drop(camera, error.why, error.message);
  }

  #take(): Match[] {
    const { policy, slop, maxAge } = this.#gate.settings;
    const stateAt = (stamp: bigint) => this.#states.at(stamp, policy, slop, this.#arm.model !== undefined);
    const { sets, misses } = this.#synchroniser.take(stateAt, { policy, slop, oldest: this.#gate.now - maxAge });
    const [leading = JOINT_STATES] = this.cameras;
    const isQuiet = this.#beginning.lasts(this.#gate.now);
    for (const { reason } of misses) {
      this.#tally.dropped(leading, "unmatched", `nothing of its time: ${reason}`, { isImage: true, isQuiet });
    }
    if (sets.length > 0) this.#beginning.end();
    return sets.map((set) => this.#matchOf(set));
  }

  #matchOf(set: Matched<Arrival, RobotState>): Match {
    this.#tally.count("matched");
    const episode = this.#episode;
    const [leading = JOINT_STATES] = this.cameras;
    const { stamp } = set;
    const { receivedMs, release } = set.frames[leading]!.message;
    return {
      stamp,
      receivedMs,
      matchedMs: performance.now(),
      observe: () => this.#observe(set, episode),
      // A policy with a memory sees its images again; other cameras' may belong to several matches.
      release: () => this.#hasMemory || release?.(),
    };
  }

  async #observe(set: Matched<Arrival, RobotState>, episode: number): Promise<Observation | undefined> {
    const { stamp, frames, state } = set;
    const [leading = JOINT_STATES] = this.cameras;
    if (this.#gate.tick()) this.#jump();
    const refusal = this.#gate.refusal(stamp, "image");
    if (refusal) return void this.#tally.dropped(leading, refusal.why, refusal.reason, { isImage: true });
    const overtaken = () =>
      this.#tally.dropped(leading, "out_of_order", "all was forgotten after it came", { isImage: true });
    if (episode !== this.#episode) return void overtaken();
    const messages = this.cameras.map((camera) => [camera, frames[camera]!.message.message!] as const);
    try {
      const images = await this.#observing.images(Object.fromEntries(messages));
      if (episode !== this.#episode) return void overtaken();
      const before = this.#observed;
      const isAfterGap = before && stamp - before.stamp > this.#gate.settings.episodeGap;
      const first = before?.episode !== episode || isAfterGap || stamp === this.#begins;
      if (first) this.#observing.begin();
      const rest = await this.#observing.state(state, this.#arm.model);
      const wrong = unusable(this.#policy, rest.values);
      if (wrong !== undefined) return void this.#tally.dropped(leading, "not_a_number", wrong, { isImage: true });
      this.#observed = { episode, stamp };
      this.#tally.count("observed");
      if (first) this.#tally.count("episodes");
      return { tick: this.#tick++, first, stamp, ...images, ...rest };
    } catch (error) {
      if (!(error instanceof CameraError)) throw error;
      return void this.#tally.dropped(error.camera, error.why, error.message, { isImage: error.camera === leading });
    }
  }
}
