import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { random } from "../../sim/random.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { LISTENING_ARCHITECTURES } from "../../train/listening/architectures.js";
import { exportListening, listeningPolicy } from "../../train/listening/export.js";
import { initialiseListening, listeningLayout } from "../../train/listening/layout.js";
import type { JointPart } from "../../train/listening/network.js";
import { listeningSpec } from "../../train/listening/recipe.js";
import type { ListeningSpec } from "../../train/listening/spec.js";
import type { CrewOptions } from "../crew.js";
import { verdictsOf, worthVerdicts } from "./claims.js";
import { expertEpisodes } from "./episodes.js";
import type { ArchitectureFindings, TrainedFound } from "./findings.js";
import { measure, type StepFound } from "./measure.js";
import { MODALITIES } from "./paper.js";
import { readoutModel } from "./readout.js";
import { interactionRegions } from "./regions.js";
import { type StepWorth, trialsOf, worthOf } from "./without.js";
import type { Workload } from "./workload.js";

/** The world of the reproduction. */
export const WORLD = "tabletop";

/** A trained policy's file. */
export interface TrainedFile {
  readonly path: string;
  readonly policy: Policy;
  readonly figures: Readonly<Record<string, number>>;
}

/** Episodes to go through, of all policies together. */
export const workOf = (
  names: readonly string[],
  files: ReadonlyMap<string, TrainedFile>,
  { random: few, seeds, trained, regions, trials }: Workload,
): number => {
  const played = (1 + MODALITIES.length) * trials;
  return (
    2 * names.length * seeds * few + names.filter((name) => files.has(name)).length * (2 * trained + regions + played)
  );
};

/**
 * What is attributed in policies of the architectures, randomly initialised and trained, on the expert's episodes.
 * @param files trained policies by architecture
 */
export async function reproduceJain(
  names: readonly string[],
  files: ReadonlyMap<string, TrainedFile>,
  workload: Workload,
  { signal, watch }: CrewOptions,
): Promise<ArchitectureFindings[]> {
  const entry = worldNamed(WORLD);
  const episodes = await expertEpisodes(entry, { seed: workload.seed, count: workload.trained });
  let finished = 0;
  const done = (): void => watch?.(++finished);
  const found: ArchitectureFindings[] = [];
  for (const name of names) {
    const { title, layers } = own(LISTENING_ARCHITECTURES, name)!;
    const spec = listeningSpec(entry.facts, layers);
    const parts = partsOf(spec);
    const through = (bytes: Uint8Array, source: string, count: number): Promise<StepFound[][]> =>
      measure(readoutModel(bytes, source, parts), spec, entry.facts, episodes.slice(0, count), { signal, done });
    const weighed = (bytes: Uint8Array, count: number): Promise<StepWorth[][]> =>
      worthOf(bytes, spec, entry.facts, episodes.slice(0, count), { signal, done });
    const layout = listeningLayout(spec);
    const randomWorth: StepWorth[][][] = [];
    const untrained: StepFound[][][] = [];
    for (let seed = 0; seed < workload.seeds; seed++) {
      const vector = new Float32Array(layout.size);
      initialiseListening(spec, layout, vector, random(workload.seed, seed, WEIGHTS));
      const bytes = exportListening(spec, layout, vector);
      untrained.push(await through(bytes, `${name}, seed ${seed}`, workload.random));
      randomWorth.push(await weighed(bytes, workload.random));
    }
    const file = files.get(name);
    const trained: TrainedFound | undefined = file && {
      path: file.path,
      sha256: file.policy.sha256,
      figures: file.figures,
      episodes: await through(file.policy.bytes, file.path, workload.trained),
      regions: await interactionRegions(file.policy, spec, entry.facts, episodes.slice(0, workload.regions), {
        signal,
        done,
      }),
      worth: await weighed(file.policy.bytes, workload.trained),
      trials: await trialsOf(
        file.policy,
        WORLD,
        { seed: workload.seed, first: 0, episodes: workload.trials },
        { signal, done },
      ),
    };
    found.push({
      name,
      title,
      parameters: layout.size,
      random: untrained,
      randomWorth,
      trained,
      verdicts: [
        ...verdictsOf(name, untrained.flat(), trained?.episodes),
        ...worthVerdicts(name, {
          random: [untrained.flat(), randomWorth.flat()],
          trained: trained && [trained.episodes, trained.worth],
        }),
      ],
    });
  }
  return found;
}

/** Seed of random weights, beside the reproduction's and their number. */
const WEIGHTS = 1_000_021;

/** The elements of each modality where they join. */
function partsOf(spec: ListeningSpec): readonly JointPart[] {
  const layout = listeningLayout(spec);
  return listeningPolicy(spec, layout, new Float32Array(layout.size)).found.joint.parts;
}
