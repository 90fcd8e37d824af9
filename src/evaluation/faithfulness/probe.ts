import { inRows } from "../../graph/batch.js";
import { input, reshape } from "../../graph/build.js";
import { writeModel } from "../../graph/onnx-write.js";
import { sizeOf } from "../../graph/shape.js";
import { substitute } from "../../graph/substitute.js";
import type { Value } from "../../graph/value.js";
import type { Subject, SubjectImage } from "../../relevance/contract/subject.js";
import { float32, Session, type TensorData } from "../../runtime/session.js";

/** Images of one run: larger batches are no faster. */
const ROWS = 16;
const CHANGED = "torquelens.changed";
const OUTPUTS = "torquelens.outputs";

/** A policy's outputs for many changed images of one observation. */
export class Probe {
  private constructor(
    private readonly input: Value,
    private readonly image: SubjectImage,
    private readonly rows: number,
    private readonly count: number,
    private readonly session: Session,
  ) {}

  static async create(subject: Subject, image: SubjectImage, threads = 1): Promise<Probe> {
    const own = subject.graph.inputs.get(image.input)!;
    const torque = subject.graph.outputs.get(subject.torque)!;
    const count = sizeOf(torque.shape);
    const changed = (rows: number) => input(CHANGED, "float32", [rows, sizeOf(own.shape)]);
    const [first = 1, ...rest] = own.shape;
    const many = changed(ROWS);
    const batched = inRows([torque], new Map([[own, reshape(many, [ROWS * first, ...rest])]]), ROWS)?.[0];
    const single = changed(1);
    const [one] = batched ? [] : substitute([torque], new Map([[own, reshape(single, own.shape)]]));
    const rows = batched ? ROWS : 1;
    const fed = batched ? many : single;
    const others = Array.from(subject.graph.inputs).filter(([name]) => name !== image.input);
    const bytes = writeModel({
      ...subject.graph,
      inputs: new Map([...others, [CHANGED, fed]]),
      outputs: new Map([[OUTPUTS, reshape((batched ?? one)!, [rows, count])]]),
      metadata: new Map(),
    });
    return new Probe(fed, image, rows, count, await Session.create(bytes, { threads, spinning: false }));
  }

  /** Outputs [J] for each image; images are elements of the tensor, in its units. `feeds` are all inputs of the policy. */
  async outputs(feeds: Readonly<Record<string, TensorData>>, images: readonly Float32Array[]): Promise<Float32Array[]> {
    const others = Object.fromEntries(Object.entries(feeds).filter(([name]) => name !== this.image.input));
    const size = sizeOf(this.input.shape) / this.rows;
    const found: Float32Array[] = [];
    for (let start = 0; start < images.length; start += this.rows) {
      const batch = images.slice(start, start + this.rows);
      const all = new Float32Array(this.rows * size);
      for (const [r, one] of batch.entries()) all.set(one, r * size);
      const outputs = await this.session.run({ ...others, [CHANGED]: float32(all, this.input.shape) }, [OUTPUTS]);
      const data = outputs[OUTPUTS]!.data as Float32Array;
      for (const r of batch.keys()) found.push(data.slice(r * this.count, (r + 1) * this.count));
    }
    return found;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
