import { own } from "../../own.js";
import type { Algorithm } from "./algorithm.js";

interface Entry {
  /** For help texts. */
  readonly text: string;
  /** Loads the algorithm's code. */
  load(): Promise<Algorithm>;
}

/** The training algorithms. A new one is one file and one entry, and its settings in the recipes of tasks. */
export const ALGORITHMS: Readonly<Record<string, Entry>> = {
  imitation: {
    text: "imitation of the task's expert",
    load: async () => (await import("./imitation.js")).IMITATION,
  },
  gps: {
    text: "guided policy search",
    load: async () => (await import("./gps.js")).GPS,
  },
};

/** Loads an algorithm of the table. */
export const algorithmNamed = (name: string): Promise<Algorithm> => own(ALGORITHMS, name)!.load();
