import { dirname, join } from "node:path";
import type { Graph } from "../graph/value.js";
import { type Habits, habitsOf } from "./exporters.js";
import { anything } from "./lerobot/config.js";
import { readJson } from "./lerobot/json-file.js";
import { tensorsOf } from "./tensors.js";

/** The habits of the exporter that a model looks like one of, by its tensors, its metadata and the config beside it. */
export async function habitsBeside(model: {
  readonly path: string;
  readonly graph: Graph;
}): Promise<Habits | undefined> {
  const { path, graph } = model;
  const config = await readJson(join(dirname(path), "config.json"), "the exporter's config", anything).catch(
    () => undefined,
  );
  return habitsOf({ tensors: tensorsOf(graph), metadata: graph.metadata, config });
}
