import { InputError } from "../../errors.js";
import { Explainer } from "../../explain/explainer.js";
import type { Observation } from "../../explain/observation.js";
import { run, type Source } from "../../explain/pipeline.js";
import type { Image } from "../../image/image.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import type { ImageAblation } from "../../sim/ablation.js";
import type { Perturbation } from "../../sim/perturbations.js";
import { ARM, TARGET } from "../../sim/render/sight.js";
import { SimulatedSource } from "../../sim/source.js";
import type { Task } from "../../sim/tasks/task.js";
import { Backdrop } from "./backdrop.js";
import type { Given } from "./many.js";

/** An episode that was simulated. */
export interface SimulatedEpisode {
  /** Loads its task anew. */
  readonly load: () => Promise<Task>;
  readonly seed: number;
  readonly episode: number;
  /** Undefined where the goal lies anywhere. */
  readonly condition: string | undefined;
  readonly ablation: ImageAblation | undefined;
  readonly perturbations: readonly Perturbation[];
}

/** A tick of such an episode. */
export interface SimulatedTick {
  /** Control step, from 0. */
  readonly tick: number;
  /** What the policy is given: with faults and ablation. */
  readonly observation: Observation;
  /** What is true: without them. */
  truth(): Given;
  /** The image that the policy is given, with what is behind an object (`arm` or `target`) in its place. @throws InputError */
  without(object: string): Image;
}

/** What became of an episode. */
export interface SimulatedOutcome {
  readonly success: boolean;
  /** Distance from the goal at its end, metres. */
  readonly error: number;
}

/** Objects that the simulator tells apart in its images. */
const OBJECTS = { arm: ARM, target: TARGET } as const;

/** Simulates one episode again, as often as it is asked what would have become of it. */
export class SimulatedAgain {
  readonly #backdrop = new Backdrop();
  #outcome: SimulatedOutcome = { success: false, error: Number.NaN };

  private constructor(
    private readonly episode: SimulatedEpisode,
    private readonly explainer: Explainer,
  ) {}

  /** Simulates it as it was. @param seen called with each tick */
  static async create(
    policy: Policy,
    episode: SimulatedEpisode,
    seen: (tick: SimulatedTick) => void = () => {},
  ): Promise<SimulatedAgain> {
    const explainer = await Explainer.create(policy, { levels: ["skip"], worker: false });
    const again = new SimulatedAgain(episode, explainer);
    again.#outcome = await again.#simulate((tick, task) => {
      again.#backdrop.add(task.sight().segmentation, task.observe().image);
      seen(tick);
      return undefined;
    });
    return again;
  }

  /** What became of it as it was. */
  get outcome(): SimulatedOutcome {
    return this.#outcome;
  }

  /** What becomes of it where the policy is given something else from a tick on. */
  from(first: number, change: (tick: SimulatedTick) => Given): Promise<SimulatedOutcome> {
    return this.#simulate((tick) => (tick.tick < first ? undefined : change(tick)));
  }

  close(): Promise<void> {
    return this.explainer.close();
  }

  async #simulate(given: (tick: SimulatedTick, task: Task) => Given | undefined): Promise<SimulatedOutcome> {
    const { load, episode, condition, ablation, ...others } = this.episode;
    const task = await load();
    let outcome: SimulatedOutcome = { success: false, error: Number.NaN };
    const simulated = new SimulatedSource({
      ...others,
      ...{ task, firstEpisode: episode, episodes: 1, speed: 0 },
      ...(condition !== undefined && { condition }),
      ...(ablation && { ablation }),
      ended: ({ success, error = Number.NaN }) => {
        outcome = { success, error };
      },
    });
    const at = (observation: Observation): SimulatedTick => ({
      ...{ observation, tick: observation.simulation!.tick },
      truth: () => this.#truth(observation, task),
      without: (object) => this.#without(object, observation, task),
    });
    const source: Source = {
      async *observations() {
        for await (const observation of simulated.observations())
          yield { ...observation, ...given(at(observation), task) };
      },
      accept: (explanation) => simulated.accept(explanation),
      close: () => simulated.close(),
    };
    await run(source, this.explainer, []);
    return outcome;
  }

  #truth({ images }: Observation, task: Task): Given {
    const { image, values } = task.observe();
    return { images: mapped(images, (given) => ({ ...given, data: image })), values };
  }

  #without(object: string, { images }: Observation, task: Task): Image {
    const label = own<number>(OBJECTS, object);
    if (label === undefined)
      throw new InputError(`without:${object}: expected one of ${Object.keys(OBJECTS).join(", ")}`);
    const [image] = Object.values(images);
    const behind = label === TARGET ? task.renderOtherGoal() : this.#backdrop.picture(image!.data.length);
    const { segmentation } = task.sight();
    const data = image!.data.slice();
    for (const [pixel, found] of segmentation.entries())
      if (found === label) for (let k = 3 * pixel; k < 3 * pixel + 3; k++) data[k] = behind[k]!;
    return { ...image!, data };
  }
}

const mapped = (images: Observation["images"], change: (image: Image) => Image): Record<string, Image> =>
  Object.fromEntries(Object.entries(images).map(([name, image]) => [name, change(image)]));
