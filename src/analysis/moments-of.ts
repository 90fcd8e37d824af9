import type { Moment } from "./ranking.js";
import { readRuns } from "./read-runs.js";
import { Survey } from "./survey.js";

/**
 * The moments of one recording that are worth a look, as `report` ranks them.
 * @param limit most moments for each reason
 * @throws InputError as `readRuns`
 */
export async function momentsOf(path: string, limit: number): Promise<readonly Moment[]> {
  const survey = new Survey({ name: path });
  for await (const run of readRuns(path)) survey.add(run);
  return survey.ranking(limit).moments;
}
