import { type Estimate, estimate } from "../../analysis/bootstrap.js";
import { InputError } from "../../errors.js";
import { auc } from "../../evaluation/auc.js";
import {
  IMPORTANT,
  inRegions,
  partsOfLargest,
  type RegionValues,
  regionSaliency,
  UNIMPORTANT,
} from "../../evaluation/regions.js";
import type { Policy } from "../../policy/policy.js";
import type { Progress } from "../progress.js";
import { Mapper } from "../worlds/mapper.js";
import { drawnRows, episodeMeans, imageAt, regionsAt, rowsOf, type States } from "../worlds/states.js";

/** Figures of Table 1. */
export const FIGURES = ["important", "unimportant", "auc"] as const;
export type FigureName = (typeof FIGURES)[number];

/** Maps by one method of one policy, over a saliency set. */
export interface MapsFound {
  readonly maps: number;
  /** Mean of each episode's states, one an episode. */
  readonly ofEpisodes: Readonly<Record<FigureName, Float64Array>>;
  /** Means over the episodes. */
  readonly estimates: Readonly<Record<FigureName, Estimate>>;
  /** AUC of the pixels of all states together. */
  readonly pooledAuc: number;
  /** Maps that are zero everywhere. */
  readonly blank: number;
  /** Maps of the states that are drawn, each divided by its largest, by row. */
  readonly drawn: ReadonlyMap<number, Float32Array>;
}

/** Explains every state of a set. @returns the reason where the method cannot explain the policy */
export async function mapsOf(
  policy: Policy,
  method: string,
  states: States,
  { signal, done }: Progress,
): Promise<MapsFound | { readonly refused: string }> {
  let mapper: Mapper;
  try {
    mapper = await Mapper.create(policy, method);
  } catch (error) {
    if (error instanceof InputError) return { refused: error.message.split("; methods that work")[0]! };
    throw error;
  }
  try {
    const rows = rowsOf(states);
    const each = { important: [], unimportant: [], auc: [] } as Record<FigureName, number[]>;
    const pool = new Pool(states, rows);
    const isDrawn = new Set(drawnRows(states));
    const drawn = new Map<number, Float32Array>();
    let blank = 0;
    for (const row of rows) {
      signal?.throwIfAborted();
      const map = partsOfLargest(await mapper.map(imageAt(states, row)));
      const values = inRegions(map, regionsAt(states, row));
      const found = regionSaliency(values);
      for (const name of FIGURES) each[name].push(found[name]);
      pool.add(values);
      if (map.every((value) => value === 0)) blank++;
      if (isDrawn.has(row)) drawn.set(row, map);
      done?.();
    }
    const ofEpisodes = Object.fromEntries(
      FIGURES.map((name) => [name, episodeMeans(each[name], rows, states.ofEpisode)]),
    ) as Record<FigureName, Float64Array>;
    const estimates = Object.fromEntries(FIGURES.map((name) => [name, estimate([...ofEpisodes[name]])])) as Record<
      FigureName,
      Estimate
    >;
    return { maps: rows.length, ofEpisodes, estimates, pooledAuc: pool.auc(), blank, drawn };
  } finally {
    await mapper.release();
  }
}

/** The pixels of all states, by region. */
class Pool {
  readonly #important: Float32Array;
  readonly #unimportant: Float32Array;
  #at = { important: 0, unimportant: 0 };

  constructor(states: States, rows: readonly number[]) {
    const counts = [0, 0, 0];
    for (const row of rows) for (const kind of regionsAt(states, row)) counts[kind]!++;
    this.#important = new Float32Array(counts[IMPORTANT]!);
    this.#unimportant = new Float32Array(counts[UNIMPORTANT]!);
  }

  add({ important, unimportant }: RegionValues): void {
    this.#important.set(important, this.#at.important);
    this.#unimportant.set(unimportant, this.#at.unimportant);
    this.#at = {
      important: this.#at.important + important.length,
      unimportant: this.#at.unimportant + unimportant.length,
    };
  }

  auc(): number {
    return auc(this.#important, this.#unimportant);
  }
}
