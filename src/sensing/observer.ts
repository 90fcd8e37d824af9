import { InputError } from "../errors.js";
import { hasMemory } from "../explain/memory.js";
import type { Observation } from "../explain/observation.js";
import type { CameraInfoMessage, Float64MultiArrayMessage, JointStateMessage, TfMessage } from "../messages/types.js";
import { own } from "../own.js";
import { toldOf } from "../policy/language.js";
import type { Policy } from "../policy/policy.js";
import { KnownArm } from "./arm-model.js";
import { Beginning } from "./beginning.js";
import { CameraViews } from "./camera-motion.js";
import { type Counters, Tally } from "./counters.js";
import { Episodes } from "./episodes.js";
import { GivenValues } from "./given-values.js";
import { ImageGaps } from "./image-gaps.js";
import type { Arrival, Match } from "./match.js";
import type { ObserverOptions } from "./observer-options.js";
import { CameraError, type CameraMessage, Observing } from "./observing.js";
import { nanoseconds, stampOf } from "./stamp.js";
import { type Refusal, StampGate } from "./stamp-gate.js";
import { type RobotState, StateBuffer } from "./state-buffer.js";
import { type SyncOptions, settingsOf } from "./sync-options.js";
import { type Matched, Synchroniser } from "./synchroniser.js";
import { INSTRUCTION, JOINT_STATES, ROBOT_DESCRIPTION, TF, valuesTopic } from "./topics.js";
import { UnheardJoints } from "./unheard-joints.js";
import { unusable } from "./values.js";

/** Flags of observations that hold states or images of several publishers. */
const MIXED: ReadonlySet<string> = new Set(["mixed_joint_states", "mixed_images"]);

/** Why an image that matched is dropped after all. */
const CLEARED: Refusal = { why: "out_of_order", reason: "cleared by a clock jump or a reset while it waited" };

/**
 * Makes a policy's observations from a robot's messages, live or recorded. Each message returns the matches that it
 * completed. The result depends only on the messages, their order and the clock. No message makes it throw: a message
 * that it cannot use is counted and reported.
 */
export class Observer {
  /** The policy's image modalities. An observation has the stamp of the first one's image. */
  readonly cameras: readonly string[];
  /** Values of the modalities that no sensor gives. */
  readonly given: GivenValues;
  /** Counter of the messages that observations take their stamp from: the first camera, or joint states without one. */
  readonly #leading: string;
  readonly #policy: Policy;
  readonly #hasMemory: boolean;
  readonly #tally: Tally;
  readonly #gate: StampGate;
  readonly #states: StateBuffer;
  readonly #synchroniser: Synchroniser<Arrival, RobotState>;
  readonly #observing: Observing;
  /** By camera. */
  readonly #views: ReadonlyMap<string, CameraViews>;
  readonly #gaps: ReadonlyMap<string, ImageGaps>;
  readonly #newest = new Map<string, bigint>();
  readonly #arm: KnownArm;
  readonly #beginning: Beginning;
  readonly #episodes = new Episodes();
  readonly #unheard: UnheardJoints;

  private constructor(
    policy: Policy,
    { now, problem = () => undefined, values = {}, heard = [], instruction, quietStart = 0, ...sync }: ObserverOptions,
  ) {
    this.#policy = policy;
    this.#hasMemory = hasMemory(policy);
    this.#tally = new Tally(problem);
    this.#gate = new StampGate(now, settingsOf(sync, policy.card.control_period));
    this.#arm = new KnownArm(policy);
    this.#beginning = new Beginning(nanoseconds(quietStart));
    this.given = new GivenValues(policy, values, heard);
    this.tell(instruction);
    this.#states = new StateBuffer(policy, this.given, this.#tally);
    this.#observing = new Observing(policy, this.#tally);
    this.#unheard = new UnheardJoints((reason) => this.#tally.remark(JOINT_STATES, reason));
    this.cameras = policy.modalities.flatMap(({ kind, name }) => (kind === "image" ? [name] : []));
    this.#views = new Map(this.cameras.map((camera) => [camera, new CameraViews()]));
    this.#gaps = new Map(this.cameras.map((camera) => [camera, new ImageGaps()]));
    const [leading = JOINT_STATES, ...others] = this.cameras;
    this.#leading = leading;
    this.#synchroniser = new Synchroniser([leading, ...others]);
  }

  /** @throws InputError for an option out of range, values that do not fit, a modality without a source, or a bad arm file */
  static async create(policy: Policy, options: ObserverOptions): Promise<Observer> {
    const observer = new Observer(policy, options);
    for (const remark of await observer.#arm.load()) observer.#tally.remark("arm", remark);
    observer.#knowArm();
    return observer;
  }

  /** Changes how messages are synchronised; options left out get their defaults. @throws InputError */
  configure(options: SyncOptions): void {
    this.#gate.settings = settingsOf(options, this.#policy.card.control_period);
  }

  /**
   * Takes a camera's image; `camera` is its modality. The message must not change afterwards.
   * @param release frees the message's memory, see `Match.release`
   * @param publisher who sent it, in a few words, where that is known
   */
  image(camera: string, message: CameraMessage, release?: () => void, publisher?: string): readonly Match[] {
    if (!this.cameras.includes(camera))
      throw new Error(`camera ${camera}: expected one of ${this.cameras.join(", ") || "none"}`);
    const receivedMs = performance.now();
    this.#receive(camera);
    if (camera === this.#leading) this.#tally.count("images");
    const stamp = stampOf(message.header.stamp);
    const misfit = this.#observing.refusal(camera, message);
    if (!misfit) this.#look(camera, message, stamp, publisher);
    const refusal = misfit ?? this.#gate.refusal(stamp, "image") ?? this.#orderRefusal(camera, stamp);
    if (refusal?.why !== "in_future" && refusal?.why !== "too_old") this.#gap(camera, stamp);
    if (refusal) this.#drop(camera, refusal);
    else this.#synchroniser.add(camera, { stamp, message: { message, receivedMs, release } });
    return this.#take();
  }

  /** Takes a camera's calibration, for its images from now on. */
  cameraInfo(camera: string, message: CameraInfoMessage): void {
    this.#receive(`${camera}/camera_info`);
    this.#observing.calibrate(camera, message);
  }

  /** @param publisher as for `image` */
  jointState(message: JointStateMessage, publisher?: string): readonly Match[] {
    const receivedMs = performance.now();
    this.#receive(JOINT_STATES);
    const stamp = stampOf(message.header.stamp);
    const refusal = this.#gate.refusal(stamp, "state");
    const problems = refusal ? [refusal] : this.#states.addJoints(message, stamp, publisher);
    for (const { why, reason } of problems) this.#tally.dropped(JOINT_STATES, why, reason);
    if (!refusal && this.cameras.length === 0 && stamp > (this.#newest.get(JOINT_STATES) ?? -1n)) {
      this.#newest.set(JOINT_STATES, stamp);
      this.#tally.count("images");
      this.#synchroniser.add(JOINT_STATES, { stamp, message: { message: undefined, receivedMs } });
    }
    return this.#take();
  }

  /** Takes poses of frames, from `/tf` or `/tf_static`. */
  transforms(message: TfMessage, isStatic = false): readonly Match[] {
    this.#receive(TF);
    for (const { why, reason } of this.#states.addTransforms(message, isStatic, this.#gate))
      this.#tally.dropped(TF, why, reason);
    return this.#take();
  }

  /** Takes values of a modality that no sensor gives; they hold from now on. The message has no stamp. */
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

  /** Sets what the robot is told to do, in words; undefined: nothing. @throws InputError where the policy cannot be told */
  tell(text: string | undefined): void {
    toldOf(this.#policy, text);
    this.given.instruction = text;
  }

  /** Takes what the robot is told to do, in words; it holds from now on. The message has no stamp. */
  instruction(text: string): readonly Match[] {
    this.#receive(INSTRUCTION);
    try {
      this.tell(text);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#tally.dropped(INSTRUCTION, "malformed", error.message);
    }
    return this.#take();
  }

  /** Takes the robot's URDF, for a policy whose card names no file. A later one replaces it. */
  async robotDescription(urdf: string): Promise<void> {
    this.#receive(ROBOT_DESCRIPTION);
    const { fault, remarks } = await this.#arm.describe(urdf);
    if (fault !== undefined) this.#tally.dropped(ROBOT_DESCRIPTION, "malformed", fault);
    for (const remark of remarks) this.#tally.remark(ROBOT_DESCRIPTION, remark);
    this.#knowArm();
  }

  /** Takes the torques that the policy commanded last, N·m, in the card's order, see `Observing.commanded`. */
  commanded(torque: ArrayLike<number> | Promise<ArrayLike<number>>): void {
    this.#observing.commanded(torque);
  }

  /** Begins an episode with the image of this stamp, as the recorder did. */
  begins(stamp: bigint): void {
    this.#episodes.beginAt(stamp);
  }

  /** Clears all messages; the next observation begins an episode. */
  reset(): void {
    this.#episodes.restart();
    this.#beginning.restart();
    this.#newest.clear();
    this.#states.clear();
    for (const kept of [...this.#views.values(), ...this.#gaps.values()]) kept.clear();
    for (const _ of this.#synchroniser.clear()) this.#drop(this.#leading, CLEARED, true);
  }

  /** Drops the images that still wait, since no more messages come: a recording ends. */
  end(): void {
    for (const { reason } of this.#synchroniser.clear())
      this.#drop(this.#leading, { why: "unmatched", reason: `no match before the recording ends: ${reason}` });
    this.#unheard.end();
  }

  counters(): Counters {
    return this.#tally.counters();
  }

  /**
   * Pauses of the first camera, longer than `episodeGap`, by the stamps: so far, and the one that lasts now, seconds.
   */
  pauses(): { readonly total: number; readonly current: number } {
    const gaps = this.#gaps.get(this.#leading);
    if (gaps?.newest === undefined) return { total: gaps?.silence ?? 0, current: 0 };
    const since = this.#gate.time() - gaps.newest;
    const current = since > this.#gate.settings.episodeGap ? Number(since) / 1e9 : 0;
    return { total: gaps.silence + current, current };
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

  #knowArm(): void {
    this.#states.know(this.#arm.speeds, this.#arm.model?.others ?? { names: [], carrying: [] });
  }

  /** Looks whether images of another camera come on the topic too. */
  #look(camera: string, message: CameraMessage, stamp: bigint, publisher: string | undefined): void {
    const reason = this.#views.get(camera)!.add(message, stamp, publisher);
    if (reason !== undefined) this.#tally.mixed(camera, reason);
  }

  #gap(camera: string, stamp: bigint): void {
    const gaps = this.#gaps.get(camera)!;
    gaps.add(stamp, this.#gate.settings.episodeGap);
    this.#tally.missing(camera, gaps.missing);
  }

  #jump(): void {
    this.#tally.count("clockJumps");
    this.reset();
  }

  #drop(topic: string, { why, reason }: Refusal, isQuiet = false): undefined {
    this.#tally.dropped(topic, why, reason, { isImage: topic === this.#leading, isQuiet });
  }

  /** Why an image is not later than the one before it; a stamp far before it is a jump of the clock. */
  #orderRefusal(camera: string, stamp: bigint): Refusal | undefined {
    const newest = this.#newest.get(camera);
    if (newest !== undefined && stamp < newest - this.#gate.settings.clockJump) this.#jump();
    else if (newest !== undefined && stamp <= newest)
      return { why: "out_of_order", reason: "stamped at or before the previous image" };
    this.#newest.set(camera, stamp);
    return undefined;
  }

  #take(): Match[] {
    const { policy, slop, maxAge } = this.#gate.settings;
    const stateAt = (stamp: bigint) => this.#states.at(stamp, policy, slop, this.#arm.model !== undefined);
    const { sets, misses } = this.#synchroniser.take(stateAt, { policy, slop, oldest: this.#gate.now - maxAge });
    const isQuiet = this.#beginning.lasts(this.#gate.now);
    for (const { reason } of misses)
      this.#drop(this.#leading, { why: "unmatched", reason: `no match: ${reason}` }, isQuiet);
    if (sets.length > 0) this.#beginning.end();
    return sets.map((set) => this.#matchOf(set));
  }

  #matchOf(set: Matched<Arrival, RobotState>): Match {
    this.#tally.count("matched");
    const episode = this.#episodes.current;
    const { stamp } = set;
    const { receivedMs, release } = own(set.frames, this.#leading)!.message;
    return {
      stamp,
      receivedMs,
      matchedMs: performance.now(),
      observe: () => this.#observe(set, episode),
      // A policy with a memory reads its images again; images of other cameras may belong to several matches.
      release: () => this.#hasMemory || release?.(),
    };
  }

  async #observe(set: Matched<Arrival, RobotState>, episode: number): Promise<Observation | undefined> {
    const { stamp, frames, state } = set;
    if (this.#gate.tick()) this.#jump();
    const refusal = this.#gate.refusal(stamp, "image");
    if (refusal) return this.#drop(this.#leading, refusal);
    if (episode !== this.#episodes.current) return this.#drop(this.#leading, CLEARED);
    const messages = this.cameras.map((camera) => [camera, own(frames, camera)!.message.message!] as const);
    try {
      const images = await this.#observing.images(Object.fromEntries(messages));
      if (episode !== this.#episodes.current) return this.#drop(this.#leading, CLEARED);
      const first = this.#episodes.isFirst(episode, stamp, this.#gate.settings.episodeGap);
      if (first) this.#observing.begin();
      const rest = await this.#observing.state(state, this.#arm.model);
      if (this.#arm.model) this.#unheard.saw(state.joints.unheard, stamp);
      const wrong = unusable(this.#policy, rest.values);
      if (wrong !== undefined) return this.#drop(this.#leading, { why: "not_a_number", reason: wrong });
      const tick = this.#episodes.observed(episode, stamp);
      this.#tally.count("observed");
      if (first) this.#tally.count("episodes");
      const flags = [...rest.flags];
      if (this.cameras.some((camera) => this.#views.get(camera)!.isMixed(stamp))) flags.push("mixed_images");
      if (flags.some((flag) => MIXED.has(flag))) this.#tally.count("mixed");
      return { tick, first, stamp, ...images, ...rest, flags };
    } catch (error) {
      if (!(error instanceof CameraError)) throw error;
      this.#drop(error.camera, { why: error.why, reason: error.message });
      if (error.camera === this.#leading) return undefined;
      const reason = `no match: ${error.camera}: its image cannot be used`;
      return this.#drop(this.#leading, { why: "unmatched", reason }, true);
    }
  }
}
