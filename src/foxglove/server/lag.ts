import type { RemoveStatus, Status } from "../protocol.js";

/** What became of a client's images over a while. */
export interface ImageCounts {
  readonly sent: number;
  /** Times that an image found no room, and images that wait for room now. */
  readonly missed: number;
}

/** Between two looks at a client, milliseconds. */
export const LAG_PERIOD = 5000;
/** Images that are sent for each one missed, below which the connection counts as too slow. */
const FEW = 4;
const ID = "slow";

/** Tells a client that its connection is too slow for every image, and later that it no longer is. */
export class Lag {
  #isBehind = false;

  /** The message for the client after a while; undefined where nothing changed. */
  report({ sent, missed }: ImageCounts): Status | RemoveStatus | undefined {
    if (!this.#isBehind && missed > 0 && sent < FEW * missed) {
      this.#isBehind = true;
      const message = "this connection is too slow for every image: it gets the newest ones and misses those between";
      return { op: "status", level: 1, message, id: ID };
    }
    if (this.#isBehind && missed === 0) {
      this.#isBehind = false;
      return { op: "removeStatus", statusIds: [ID] };
    }
    return undefined;
  }
}
