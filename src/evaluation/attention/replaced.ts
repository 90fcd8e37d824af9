import { writeModel } from "../../graph/onnx-write.js";
import { own } from "../../own.js";
import type { Subject } from "../../relevance/contract/subject.js";
import { type GivenAttention, givenAttention } from "../../relevance/derived/given-attention.js";
import { float32, Session, type TensorData } from "../../runtime/session.js";
import type { Random } from "../../sim/random.js";

/** A policy's attention, by its number in the order of the network: a map [h × w] each, or the weights [Q × places] of queries. */
export type AttentionMaps = readonly Float32Array[];

type Feeds = Readonly<Record<string, TensorData>>;

/** A policy whose attention can be read, and replaced. */
export class ReplacedAttention {
  private constructor(
    private readonly graphs: GivenAttention,
    private readonly reading: Session,
    private readonly giving: Session,
  ) {}

  /** Undefined for a policy without attention (`givenAttention`). */
  static async create(subject: Subject): Promise<ReplacedAttention | undefined> {
    const graphs = givenAttention(subject);
    if (!graphs) return undefined;
    const options = { threads: 1, spinning: false };
    const reading = await Session.create(writeModel(graphs.read), options);
    const giving = await Session.create(writeModel(graphs.given), options);
    return new ReplacedAttention(graphs, reading, giving);
  }

  /** The policy's own maps. @param feeds all its inputs */
  async maps(feeds: Feeds): Promise<AttentionMaps> {
    const found = await this.reading.run(feeds);
    return Array.from(this.graphs.maps.keys(), (name) => own(found, name)!.data as Float32Array);
  }

  /** The policy's outputs by name with other maps in the place of its own. */
  outputsWith(feeds: Feeds, maps: AttentionMaps): Promise<Feeds> {
    const given = Array.from(this.graphs.maps, ([name, { shape }], k) => [name, float32(maps[k]!, shape)] as const);
    return this.giving.run({ ...feeds, ...Object.fromEntries(given) });
  }

  /** Maps with the same numbers in another order, each order as likely; those of a query stay that query's. */
  permuted(maps: AttentionMaps, random: Random): AttentionMaps {
    return this.#each(maps, (map) => permuted(map, random));
  }

  /** Maps that have their mean everywhere; of each query its own. */
  uniform(maps: AttentionMaps): AttentionMaps {
    return this.#each(maps, uniform);
  }

  #each(maps: AttentionMaps, change: (map: Float32Array) => Float32Array): AttentionMaps {
    return Array.from(this.graphs.maps.values(), ({ places }, k) => {
      const changed = maps[k]!.slice();
      for (let from = 0; from < changed.length; from += places)
        changed.set(change(changed.slice(from, from + places)), from);
      return changed;
    });
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
