import { InputError } from "../errors.js";
import { instructionIn } from "../messages/explanation-numbers.js";
import { nanoseconds } from "../messages/stamp.js";
import type { ExplanationMessage } from "../messages/types.js";
import { areActions, meaningOf } from "../outputs/kinds.js";
import { Column } from "./column.js";
import type { Run, RunIdentity, RunWords } from "./run.js";

/** Index of a tick's sentence where there is none. */
const SILENT = 0xffff;
const NOTHING_SAID = { text: undefined, tokens: [], relevance: new Float32Array(0) } as const;

const floats = () => new Column((length) => new Float32Array(length));

/** Collects the explanations of one episode. */
export class RunBuilder {
  readonly identity: RunIdentity;
  readonly #stamp = new Column((length) => new BigInt64Array(length));
  readonly #logTime = new Column((length) => new BigInt64Array(length));
  readonly #tick = new Column((length) => new Float64Array(length));
  readonly #level = new Column((length) => new Uint8Array(length));
  readonly #flags = new Column((length) => new Uint16Array(length));
  readonly #latency = floats();
  readonly #residual = floats();
  readonly #shares = floats();
  readonly #torque = floats();
  readonly #probability = floats();
  readonly #importance = floats();
  readonly #torqueShares = floats();
  readonly #sentences: RunWords["sentences"][number][] = [];
  readonly #sentence = new Column((length) => new Uint16Array(length));
  readonly #words = floats();
  readonly #wordOffsets = new Column((length) => new Uint32Array(length));
  readonly #flagSets: (readonly string[])[] = [];
  readonly #flagIndex = new Map<string, number>();
  readonly #where: string;
  #last: bigint | undefined;

  /** @param where names the bag in messages */
  constructor(identity: RunIdentity, where: string) {
    this.identity = identity;
    this.#where = where;
  }

  get ticks(): number {
    return this.#stamp.length;
  }

  /** Stamp of the newest explanation, nanoseconds; undefined before the first. */
  get last(): bigint | undefined {
    return this.#last;
  }

  /** @param message one that `explanationProblem` finds nothing in @throws InputError if its identity differs from those before; it is not added then */
  add(message: ExplanationMessage, logTime: bigint): void {
    assertSame(this.identity, message, this.#where);
    this.#assertWhole(message);
    const { joints } = this.identity;
    const stamp = nanoseconds(message.header.stamp);
    this.#last = stamp;
    put(this.#stamp, stamp);
    put(this.#logTime, logTime);
    put(this.#tick, Number(message.tick));
    put(this.#level, message.level);
    put(this.#flags, this.#flagsOf(message.flags));
    put(this.#latency, message.latency_ms);
    // The parts of a contrast of torques add up to nothing that a residual could be a part of.
    const adds = !message.contrast_joint || areActions(this.identity.outputs);
    put(this.#residual, adds ? message.conservation_residual : Number.NaN);
    append(this.#shares, message.shares);
    this.#hear(message);
    for (let j = 0; j < joints.length; j++) {
      const torque = message.torques[j]!;
      put(this.#torque, torque.torque);
      put(this.#probability, torque.probability ?? Number.NaN);
      put(this.#importance, torque.importance);
      append(this.#torqueShares, torque.shares);
    }
  }

  build(place: Pick<Run, "bag" | "episode" | "bagStart" | "messages" | "outcome">): Run {
    return {
      ...place,
      identity: this.identity,
      ticks: this.ticks,
      stamp: this.#stamp.done(),
      logTime: this.#logTime.done(),
      tick: this.#tick.done(),
      level: this.#level.done(),
      flagSets: this.#flagSets,
      flags: this.#flags.done(),
      latencyMs: this.#latency.done(),
      residual: this.#residual.done(),
      shares: this.#shares.done(),
      torque: this.#torque.done(),
      probability: this.#probability.done(),
      importance: this.#importance.done(),
      torqueShares: this.#torqueShares.done(),
      words: this.#sentences.length > 0 ? this.#said() : undefined,
    };
  }

  #hear(message: ExplanationMessage): void {
    const { text, tokens, relevance } = instructionIn(message) ?? NOTHING_SAID;
    let at = this.#sentences.findIndex((said) => said.text === text);
    if (at < 0 && text !== undefined) at = this.#sentences.push({ text, tokens }) - 1;
    put(this.#sentence, at < 0 ? SILENT : at);
    put(this.#wordOffsets, this.#words.length);
    append(this.#words, relevance);
  }

  #said(): RunWords {
    return {
      sentences: this.#sentences,
      sentence: this.#sentence.done(),
      offsets: Uint32Array.from([...this.#wordOffsets.done(), this.#words.length]),
      relevance: this.#words.done(),
    };
  }

  #assertWhole({ modalities }: ExplanationMessage): void {
    const width = this.identity.modalities.length;
    if (modalities.length !== width)
      throw new InputError(
        `${this.#where}: found an explanation of ${modalities.length} modalities, expected ${width}`,
      );
  }

  #flagsOf(flags: readonly string[]): number {
    const key = flags.join(" ");
    const known = this.#flagIndex.get(key);
    if (known !== undefined) return known;
    this.#flagIndex.set(key, this.#flagSets.length);
    return this.#flagSets.push([...flags]) - 1;
  }
}

function append(column: Column<Float32Array>, values: ArrayLike<number>): void {
  const { data, at } = column.extend(values.length);
  data.set(values, at);
}

function put<T>(
  column: { extend(count: number): { readonly data: { [index: number]: T }; readonly at: number } },
  value: T,
): void {
  const { data, at } = column.extend(1);
  data[at] = value;
}

export function identityOf(message: ExplanationMessage): RunIdentity {
  return {
    method: message.method,
    policySha256: message.policy_sha256,
    references: [...message.references],
    featurePoints: message.feature_points,
    joints: message.torques.map(({ joint }) => joint),
    outputs: message.torques.map(meaningOf),
    modalities: [...message.modalities],
    instructionModality: message.instruction_modality || undefined,
  };
}

function assertSame(expected: RunIdentity, message: ExplanationMessage, where: string): void {
  if (
    message.method === expected.method &&
    message.policy_sha256 === expected.policySha256 &&
    message.torques.length === expected.joints.length
  ) {
    return;
  }
  throw new InputError(`${where}: ${difference(expected, identityOf(message))}`);
}

/** Reason why shares of the two cannot be compared; undefined if they can. */
export function difference(a: RunIdentity, b: RunIdentity): string | undefined {
  const short = (sha256: string) => `${sha256.slice(0, 12)}…`;
  if (a.policySha256 !== b.policySha256) {
    return `found explanations of the policies ${short(a.policySha256)} and ${short(b.policySha256)}, expected one policy`;
  }
  if (a.method !== b.method) return `found the methods ${a.method} and ${b.method}, expected one method`;
  for (const [name, of] of [
    ["modalities", ({ modalities }: RunIdentity) => modalities.join(", ")],
    ["joints", ({ joints }: RunIdentity) => joints.join(", ")],
    [
      "kinds of outputs",
      ({ outputs }: RunIdentity) =>
        outputs.map(({ kind, unit, reference }) => `${kind} ${unit} from ${reference}`).join(", "),
    ],
    ["references", ({ references }: RunIdentity) => references.join(", ")],
    ["origins of feature points", ({ featurePoints }: RunIdentity) => featurePoints],
  ] as const) {
    if (of(a) !== of(b)) return `found the ${name} ${of(a)} and ${of(b)}, expected the same in all`;
  }
  return undefined;
}
