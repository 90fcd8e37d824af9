import { type CrewOptions, runCrew } from "../crew.js";
import type { Found, Item } from "./items.js";
import type { Workload } from "./workload.js";

/** Runs and measures items in threads of their own: see `runCrew`. */
export const reproduceItems = (items: readonly Item[], workload: Workload, options: CrewOptions): Promise<Found[]> =>
  runCrew<Item, Found>(
    { worker: new URL("./worker.js", import.meta.url), setting: workload, nameOf: ({ path }) => path },
    items,
    options,
  );
