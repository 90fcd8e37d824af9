/** How long joints may be unheard before it is said, nanoseconds: topics start at different times. */
const PATIENCE = 1_000_000_000n;

/** Says once which joints carry the end effector and are in no joint state. */
export class UnheardJoints {
  readonly #said = new Set<string>();
  #waiting: readonly string[] = [];
  #since: bigint | undefined;

  constructor(private readonly say: (reason: string) => void) {}

  /** Takes the unheard joints at the stamp of an observation. */
  saw(joints: readonly string[], stamp: bigint): void {
    this.#waiting = joints.filter((joint) => !this.#said.has(joint));
    if (this.#waiting.length === 0) this.#since = undefined;
    else this.#since ??= stamp;
    if (this.#since !== undefined && stamp - this.#since >= PATIENCE) this.end();
  }

  /** Says what there is to say, since no more observations come. */
  end(): void {
    if (this.#waiting.length === 0) return;
    const names = this.#waiting.join(", ");
    const subject = this.#waiting.length === 1 ? `joint ${names} carries` : `joints ${names} carry`;
    const found = this.#waiting.length === 1 ? "is in no joint state" : "are in no joint state";
    this.say(`${subject} the end effector and ${found}: taken at the model's initial position`);
    for (const joint of this.#waiting) this.#said.add(joint);
    this.#waiting = [];
    this.#since = undefined;
  }
}
