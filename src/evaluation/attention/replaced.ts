import { writeModel } from "../../graph/onnx-write.js";
import { own } from "../../own.js";
import type { Subject } from "../../relevance/contract/subject.js";
import { type GivenAttention, givenAttention } from "../../relevance/derived/given-attention.js";
import { float32, Session, type TensorData } from "../../runtime/session.js";
import type { Random } from "../../sim/random.js";

/** A policy's attention maps, by their number in the order of the network; each [h × w]. */
export type AttentionMaps = readonly Float32Array[];

type Feeds = Readonly<Record<string, TensorData>>;

/** A policy whose attention can be read, and replaced. */
export class ReplacedAttention {
  private constructor(
    private readonly command: string,
    private readonly graphs: GivenAttention,
    private readonly reading: Session,
    private readonly giving: Session,
  ) {}

  /** Undefined for a policy without maps that weight its features. */
  static async create(subject: Subject): Promise<ReplacedAttention | undefined> {
    const graphs = givenAttention(subject);
    if (!graphs) return undefined;
    const options = { threads: 1, spinning: false };
    const reading = await Session.create(writeModel(graphs.read), options);
    const giving = await Session.create(writeModel(graphs.given), options);
    return new ReplacedAttention(subject.torque, graphs, reading, giving);
  }

  /** The policy's own maps. @param feeds all its inputs */
  async maps(feeds: Feeds): Promise<AttentionMaps> {
    const found = await this.reading.run(feeds);
    return Array.from(this.graphs.maps.keys(), (name) => own(found, name)!.data as Float32Array);
  }

  /** The policy's command with other maps in the place of its own, [J]. */
  async commandWith(feeds: Feeds, maps: AttentionMaps): Promise<Float32Array> {
    const given = Array.from(this.graphs.maps, ([name, shape], k) => [name, float32(maps[k]!, shape)] as const);
    const found = await this.giving.run({ ...feeds, ...Object.fromEntries(given) });
    return own(found, this.command)!.data as Float32Array;
  }

  async release(): Promise<void> {
    await this.reading.release();
    await this.giving.release();
  }
}

/** A map's values in another order, each order as likely. */
export function permuted(map: Float32Array, random: Random): Float32Array {
  const mixed = map.slice();
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}

/** The map's mean everywhere. */
export function uniform(map: Float32Array): Float32Array {
  const total = map.reduce((sum, value) => sum + value, 0);
  return new Float32Array(map.length).fill(total / map.length);
}
