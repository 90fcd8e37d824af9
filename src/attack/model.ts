import { gradients } from "../backward/gradients.js";
import { InputError } from "../errors.js";
import { cast, input, reshape } from "../graph/build.js";
import { writeModel } from "../graph/onnx-write.js";
import { type Shape, ShapeError, sizeOf } from "../graph/shape.js";
import { substitute } from "../graph/substitute.js";
import type { Value } from "../graph/value.js";
import { own } from "../own.js";
import type { Subject, SubjectImage } from "../relevance/contract/subject.js";
import { float32, Session, type TensorData } from "../runtime/session.js";
import { type Objective, objectiveOf } from "./objectives.js";

const PREFIX = "torquelens.attack.";

/** The slope of an objective by the image, and the outputs there. */
export interface Slope {
  readonly outputs: Float32Array;
  readonly value: number;
  /** One for each element of the image. */
  readonly gradient: Float32Array;
}

/** A policy whose image can be any numbers, with the gradient of an objective by it, in one onnxruntime session. */
export class AttackModel {
  private constructor(
    readonly objective: Objective,
    readonly image: SubjectImage,
    /** Number of outputs, J. */
    readonly outputs: number,
    private readonly shape: Shape,
    private readonly session: Session,
  ) {}

  /**
   * @param options.image name of the image modality, the only one by default
   * @throws InputError for a policy without images or with several, none of them named, or with an operator without a gradient
   */
  static async create(
    subject: Subject,
    objective: Objective,
    { image: name, threads = 1 }: { readonly image?: string; readonly threads?: number } = {},
  ): Promise<AttackModel> {
    const image = imageOf(subject, name);
    const own = subject.graph.inputs.get(image.input)!;
    const torque = subject.graph.outputs.get(subject.torque)!;
    const count = sizeOf(torque.shape);
    const changed = input(`${PREFIX}image`, "float32", own.shape);
    const [before, weights] = ["before", "weights"].map((what) => input(PREFIX + what, "float32", [1, count]));
    const [moved] = substitute([torque], new Map([[own, changed]]));
    const now = reshape(moved!, [1, count]);
    const value = objectiveOf(objective, { now, before: before!, weights: weights! }, subject);
    const gradient = cast(gradientOf(value, changed), "float32");
    const others = Array.from(subject.graph.inputs).filter(([key]) => key !== image.input);
    const bytes = writeModel({
      ...subject.graph,
      inputs: new Map([...others, ...[changed, before!, weights!].map((v): [string, Value] => [v.name!, v])]),
      outputs: new Map([
        [`${PREFIX}outputs`, now],
        [`${PREFIX}value`, value],
        [`${PREFIX}gradient`, gradient],
      ]),
      metadata: new Map(),
    });
    return new AttackModel(
      objective,
      image,
      count,
      own.shape,
      await Session.create(bytes, { threads, spinning: false }),
    );
  }

  /** The outputs for an image alone. */
  async outputsAt(feeds: Readonly<Record<string, TensorData>>, image: Float32Array): Promise<Float32Array> {
    const none = new Float32Array(this.outputs);
    const found = await this.#run(feeds, image, { before: none, weights: none }, ["outputs"]);
    return found.outputs as Float32Array;
  }

  /** @param of.before outputs for the image as it was; `weights` as in `Objective` */
  async slope(
    feeds: Readonly<Record<string, TensorData>>,
    image: Float32Array,
    of: { readonly before: Float32Array; readonly weights: Float32Array },
  ): Promise<Slope> {
    const found = await this.#run(feeds, image, of, ["outputs", "value", "gradient"]);
    const gradient = found.gradient as Float32Array;
    if (!gradient.every(Number.isFinite))
      throw new InputError(`image ${this.image.name}: the gradient of the outputs is not finite`);
    return { outputs: found.outputs as Float32Array, value: found.value![0]!, gradient };
  }

  async release(): Promise<void> {
    await this.session.release();
  }

  async #run(
    feeds: Readonly<Record<string, TensorData>>,
    image: Float32Array,
    { before, weights }: { readonly before: Float32Array; readonly weights: Float32Array },
    outputs: readonly string[],
  ): Promise<Record<string, ArrayLike<number>>> {
    const others = Object.fromEntries(Object.entries(feeds).filter(([name]) => name !== this.image.input));
    const found = await this.session.run(
      {
        ...others,
        [`${PREFIX}image`]: float32(image, this.shape),
        [`${PREFIX}before`]: float32(before, [1, this.outputs]),
        [`${PREFIX}weights`]: float32(weights, [1, this.outputs]),
      },
      outputs.map((name) => PREFIX + name),
    );
    return Object.fromEntries(outputs.map((name) => [name, own(found, PREFIX + name)!.data as Float32Array]));
  }
}

function imageOf({ modalities }: Subject, name: string | undefined): SubjectImage {
  const images = modalities.filter((m): m is SubjectImage => m.kind === "image");
  const names = images.map((image) => image.name).join(", ");
  if (images.length === 0) throw new InputError("the policy has no image to attack");
  if (name === undefined && images.length > 1)
    throw new InputError(`the policy has several images, expected the name of one of ${names}`);
  const found = name === undefined ? images[0] : images.find((image) => image.name === name);
  if (!found) throw new InputError(`no image named "${name}"; expected ${images.length > 1 ? "one of " : ""}${names}`);
  return found;
}

function gradientOf(value: Value, changed: Value): Value {
  try {
    return gradients(value, [changed])[0]!;
  } catch (error) {
    if (error instanceof RangeError || error instanceof ShapeError)
      throw new InputError(`the policy cannot be attacked by its gradient: ${error.message}`);
    throw error;
  }
}
