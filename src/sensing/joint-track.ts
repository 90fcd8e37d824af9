import { Timeline } from "./timeline.js";

/** Samples in the first allocation. */
const ROOM = 64;

/** Samples of one joint, in columns: hundreds of messages a second leave no garbage to collect. */
export class JointTrack extends Timeline {
  /** rad or m. */
  #position: Float64Array = new Float64Array(ROOM);
  /** rad/s or m/s; NaN where none was sent. */
  #velocity: Float64Array = new Float64Array(ROOM);

  positionAt(i: number): number {
    return this.#position[i]!;
  }

  velocityAt(i: number): number {
    return this.#velocity[i]!;
  }

  /** Inserts a sample by its stamp; replaces one of the same stamp. Returns false where it is too old. */
  add(stamp: bigint, position: number, velocity: number): boolean {
    const at = this.place(stamp);
    if (at === undefined) return false;
    this.#position[at] = position;
    this.#velocity[at] = velocity;
    this.trim();
    return true;
  }

  protected insert(at: number): void {
    if (this.length === this.#position.length) {
      this.#position = doubled(this.#position);
      this.#velocity = doubled(this.#velocity);
    }
    this.#position.copyWithin(at + 1, at, this.length);
    this.#velocity.copyWithin(at + 1, at, this.length);
  }

  protected remove(count: number): void {
    this.#position.copyWithin(0, count, this.length);
    this.#velocity.copyWithin(0, count, this.length);
  }
}

function doubled(column: Float64Array): Float64Array {
  const larger = new Float64Array(2 * column.length);
  larger.set(column);
  return larger;
}
