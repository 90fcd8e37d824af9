import * as z from "zod";
import { InputError } from "../errors.js";
import { own } from "../own.js";

const text = z.string("a text");

const schema = z.strictObject(
  {
    /** True where the task was done at the end. */
    success: z.boolean("true or false"),
    /** Distance from the goal at the end, metres. */
    error: z.number("a finite number").nullable().optional(),
    /** Condition that the run began in. */
    condition: text.nullable().optional(),
    /** What its image was replaced by (`--ablate`). */
    ablation: text.nullable().optional(),
    /** Changes made during the run, as a perturbation file holds them. */
    perturbations: z.array(z.unknown(), "a list").optional(),
  },
  "a mapping with the keys success, error, condition, ablation, perturbations",
);

/** What became of a run. */
export type Outcome = z.output<typeof schema>;

/** Topic of a recording on which each run's outcome follows its last tick, `std_msgs/msg/String`. */
export const OUTCOME_TOPIC = "/outcome";

/** Key of a bag's metadata that holds the outcome of its runs. */
export const OUTCOME_KEY = "torquelens.outcome";

const WORDS: Readonly<Record<string, boolean>> = {
  success: true,
  succeeded: true,
  true: true,
  failure: false,
  failed: false,
  false: false,
};

/**
 * Reads an outcome: `success`, `failure`, or a JSON object with `success`.
 * @param source names it in messages
 * @throws InputError that says what was expected
 */
export function parseOutcome(given: string, source: string): Outcome {
  const success = outcomeWord(given);
  if (success !== undefined) return { success };
  let data: unknown;
  try {
    data = JSON.parse(given);
  } catch {
    throw new InputError(
      `${source}: found "${given.slice(0, 80)}", expected success, failure or a JSON object with the key success`,
    );
  }
  if (typeof data === "boolean") return { success: data };
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InputError(`${source}: ${issue!.path.join(".") || "the outcome"}: expected ${issue!.message}`);
}

/** True for a word of success, false for one of failure, else undefined. */
export const outcomeWord = (word: string): boolean | undefined => {
  const key = word.trim().toLowerCase();
  return own(WORDS, key);
};
