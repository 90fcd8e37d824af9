import { InputError } from "../errors.js";
import { decodeImage } from "../image/decode.js";
import { Framing, type ImageInput } from "../image/framing.js";
import type { Image, Region } from "../image/image.js";
import { ImageError } from "../image/image-error.js";
import { samples } from "../image/stretch.js";
import type { Trial } from "./trial.js";

export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** A trial's frames as a policy sees them. */
export class Screen {
  readonly #trial: Trial;
  readonly #input: ImageInput;
  readonly #framing: Framing;
  #size: FrameSize | undefined;
  #region: Region | undefined;

  /** @param input the policy's image; where its card says neither crop nor resize, the whole frame is resized by area */
  constructor(trial: Trial, input: ImageInput) {
    this.#trial = trial;
    const isFramed = input.crop !== undefined || input.resize !== undefined;
    this.#input = isFramed ? input : { ...input, resize: "area" };
    this.#framing = new Framing(this.#input);
  }

  /** Size of the trial's first frame. */
  async size(): Promise<FrameSize> {
    return this.#size ?? (await this.#frame(0));
  }

  /**
   * The policy's image of some frames, pixel by pixel their maximum.
   * @param shown places of the frames in the trial's labels
   * @throws InputError for a frame without a picture, a damaged one, or one of another size
   */
  async image(shown: readonly number[]): Promise<Image> {
    const [first, ...others] = await Promise.all(shown.map((place) => this.#frame(place)));
    const data = first!.data.slice();
    for (const other of others) for (let i = 0; i < data.length; i++) data[i] = Math.max(data[i]!, other.data[i]!);
    const whole = { ...first!, data };
    const { image, view } = this.#within(shown[0]!, () => this.#framing.frame(whole));
    this.#region = view?.region ?? [0, 0, image.width, image.height];
    return image;
  }

  /** A map of the policy's newest image, stretched over the frame: bilinear; 0 where the policy sees nothing of it. */
  onFrame(map: Float32Array): Float32Array {
    const { width, height } = this.#size!;
    const [left, top, wide, tall] = this.#region!;
    const across = samples(this.#input.width, left, wide, width);
    const down = samples(this.#input.height, top, tall, height);
    const stretched = new Float32Array(width * height);
    const row = (y: number, i: number): number => {
      const [a, b] = [map[y * this.#input.width + across.left[i]!]!, map[y * this.#input.width + across.right[i]!]!];
      return a + (b - a) * across.weight[i]!;
    };
    for (let j = 0; j < down.left.length; j++)
      for (let i = 0; i < across.left.length; i++) {
        const [a, b] = [row(down.left[j]!, i), row(down.right[j]!, i)];
        stretched[(down.start + j) * width + across.start + i] = a + (b - a) * down.weight[j]!;
      }
    return stretched;
  }

  async #frame(place: number): Promise<Image> {
    const { frame } = this.#trial.labels[place]!;
    const bytes = await this.#trial.frames(frame);
    const header = { frame_id: this.#input.name };
    const image = await decodeImage({ header, format: "png", data: bytes }).catch((error: unknown) => {
      throw error instanceof ImageError ? new InputError(`${this.#trial.path}: ${frame}.png: ${error.message}`) : error;
    });
    this.#size ??= { width: image.width, height: image.height };
    const { width, height } = this.#size;
    if (image.width !== width || image.height !== height)
      throw new InputError(
        `${this.#trial.path}: ${frame}.png has ${image.width}×${image.height} pixels, those before ${width}×${height}`,
      );
    return image;
  }

  #within<T>(place: number, use: () => T): T {
    try {
      return use();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      throw new InputError(`${this.#trial.path}: ${this.#trial.labels[place]!.frame}.png: ${error.message}`);
    }
  }
}
