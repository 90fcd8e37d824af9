import { setImmediate } from "node:timers/promises";
import { importanceWithoutArm, movingOf } from "../arm/importance.js";
import { InputError } from "../errors.js";
import type { Observation, ObservationFlag } from "../explain/observation.js";
import { checkImage, decodeImage, isCompressed } from "../image/decode.js";
import { type Framed, Framing, regionOf } from "../image/framing.js";
import type { CameraView, Image, Optics } from "../image/image.js";
import { ImageError } from "../image/image-error.js";
import type { CameraInfoMessage, CompressedImageMessage, ImageMessage } from "../messages/types.js";
import { chosenOf } from "../outputs/choice.js";
import { areActions } from "../outputs/kinds.js";
import { put } from "../own.js";
import type { ImageModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import type { ArmModel } from "./arm-model.js";
import type { Tally } from "./counters.js";
import { opticsFrom } from "./optics.js";
import type { Refusal } from "./stamp-gate.js";
import type { RobotState } from "./state-buffer.js";
import { type Filler, fillersOf, hasQuantity, jointsOf } from "./values.js";

/** Images with more pixels are decoded and resized in two turns of the event loop, so that they block it less. */
const LARGE = 1 << 16;

export type CameraMessage = ImageMessage | CompressedImageMessage;

/** Makes observations from matched messages: decodes, crops and resizes images, fills modalities, evaluates the arm. */
export class Observing {
  readonly #joints: readonly string[];
  readonly #fillers: ReadonlyMap<string, Filler>;
  readonly #framings: ReadonlyMap<string, Framing>;
  readonly #infos = new Map<string, CameraInfoMessage>();
  readonly #optics = new Map<string, { info: CameraInfoMessage; width: number; height: number; optics?: Optics }>();
  readonly #seesTorque: boolean;
  #torque: Float64Array | Promise<Float64Array>;

  /** @throws InputError for a modality without a source, see `fillersOf` */
  constructor(
    private readonly policy: Policy,
    private readonly tally: Tally,
  ) {
    this.#joints = jointsOf(policy);
    this.#fillers = fillersOf(policy);
    const cameras = policy.modalities.filter((m): m is ImageModality => m.kind === "image");
    this.#framings = new Map(cameras.map((modality) => [modality.name, new Framing(modality)]));
    this.#seesTorque = hasQuantity(policy, "previous_action");
    this.#torque = new Float64Array(policy.outputs.length);
  }

  /** Why a camera's message cannot be used, as far as that shows without decoding it; undefined where it can. */
  refusal(camera: string, message: CameraMessage): Refusal | undefined {
    if (isCompressed(message)) return undefined;
    try {
      const { becomes } = checkImage(message);
      const framing = this.#framings.get(camera)!;
      framing.checkEncoding(becomes);
      regionOf(framing.input, message.width, message.height);
      return undefined;
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      return { why: error.why, reason: error.message };
    }
  }

  /** Takes the calibration of a camera for its images from now on. */
  calibrate(camera: string, info: CameraInfoMessage): void {
    this.#infos.set(camera, info);
  }

  /**
   * Takes what the policy commanded last, torques or other outputs, in the card's order: its previous action, and α's direction.
   * An observation that depends on a promise of torques waits for it; if it is rejected, the torques before it hold.
   */
  commanded(torque: ArrayLike<number> | Promise<ArrayLike<number>>): void {
    const before = this.#torque;
    this.#torque =
      torque instanceof Promise
        ? torque.then(
            (found) => this.#recalled(found),
            () => before,
          )
        : this.#recalled(torque);
  }

  /** What a policy is told of its last outputs: themselves; of actions 1 for the one that was taken, 0 for the others. */
  #recalled(outputs: ArrayLike<number>): Float64Array {
    if (!areActions(this.policy.outputs)) return Float64Array.from(outputs);
    const taken = chosenOf(outputs);
    return Float64Array.from(outputs, (_, i) => Number(i === taken));
  }

  /** Clears what was commanded at the start of an episode. */
  begin(): void {
    this.#torque = new Float64Array(this.policy.outputs.length);
  }

  /** @throws ImageError naming the camera first, where one of the images cannot be shown to the policy */
  async images(messages: Readonly<Record<string, CameraMessage>>): Promise<Pick<Observation, "images" | "cameras">> {
    const images: Record<string, Image> = {};
    const cameras: Record<string, CameraView> = {};
    const entries = Object.entries(messages);
    // Compressed images in parallel beside the event loop; raw pixels one after another on it.
    const files = entries.map(([, message]) => (isCompressed(message) ? begun(decodeImage(message)) : undefined));
    for (const [i, [camera, message]] of entries.entries()) {
      const { image, view } = await this.#frame(camera, files[i] ?? message);
      put(images, camera, image);
      if (view) put(cameras, camera, view);
    }
    return Object.keys(cameras).length > 0 ? { images, cameras } : { images };
  }

  /** The observation without its images; joints in the order of `jointsOf`. Waits for promised torques if it needs them. */
  async state(
    { joints, tip: fromTf, given, instruction }: RobotState,
    arm: ArmModel | undefined,
  ): Promise<Pick<Observation, "values" | "instruction" | "joints" | "importance" | "flags" | "transforms">> {
    const { position, velocity, isDifferentiated, isMixed, others, unheard } = joints;
    const { card, outputs } = this.policy;
    const commanded = card.joints.length;
    const [q, v] = [position.subarray(0, commanded), velocity.subarray(0, commanded)];
    const tip = fromTf ?? arm?.tip(q, v, others);
    const importanceBy = (by?: Float64Array) =>
      arm ? arm.importance(q, v, by, others) : importanceWithoutArm(movingOf(outputs));
    let torque = this.#torque instanceof Promise ? undefined : this.#torque;
    let found = importanceBy(torque);
    // α depends on the torque where it is found by rollouts, and those are flagged.
    if (!torque && (this.#seesTorque || (arm && found.flags.length > 0))) {
      torque = await this.#torque;
      found = importanceBy(torque);
    }
    const { importance, flags } = found;
    const robot = { position, velocity, tip, torque: torque ?? new Float64Array(outputs.length), given };
    const allFlags: ObservationFlag[] = [...flags];
    if (isDifferentiated || fromTf) allFlags.push("velocity_differentiated");
    if (arm && unheard.length > 0) allFlags.push("joint_position_assumed");
    if (isMixed) allFlags.push("mixed_joint_states");
    return {
      ...(instruction !== undefined && { instruction }),
      values: Object.fromEntries(Array.from(this.#fillers, ([name, fill]) => [name, fill(robot)])),
      joints: { names: this.#joints, position, velocity },
      importance,
      flags: allFlags,
      transforms: [],
    };
  }

  async #frame(camera: string, from: CameraMessage | Promise<Image>): Promise<Framed> {
    try {
      const image = await (from instanceof Promise ? from : decodeImage(from));
      if (image.fault !== undefined) this.tally.remark(camera, image.fault);
      if (image.width * image.height > LARGE) await setImmediate();
      const optics = this.#opticsOf(camera, image);
      return this.#framings.get(camera)!.frame(optics ? { ...image, optics } : image);
    } catch (error) {
      throw error instanceof ImageError ? new CameraError(camera, error) : error;
    }
  }

  /** Calibration of a camera for images of this size; undefined where it does not fit. */
  #opticsOf(camera: string, { width, height }: Image): Optics | undefined {
    const info = this.#infos.get(camera);
    if (!info) return undefined;
    const known = this.#optics.get(camera);
    if (known?.info === info && known.width === width && known.height === height) return known.optics;
    let optics: Optics | undefined;
    try {
      optics = opticsFrom(info, width, height);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.tally.dropped(`${camera}/camera_info`, "malformed", error.message);
    }
    this.#optics.set(camera, optics ? { info, width, height, optics } : { info, width, height });
    return optics;
  }
}

/** A promise that may be awaited late, or never. */
function begun<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** An image error with its camera. */
export class CameraError extends ImageError {
  constructor(
    readonly camera: string,
    { why, message }: ImageError,
  ) {
    super(why, message);
  }
}
