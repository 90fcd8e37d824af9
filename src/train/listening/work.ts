import { Session } from "../../runtime/session.js";
import { random } from "../../sim/random.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { Step } from "../network/step.js";
import type { StepModel } from "../network/step-model.js";
import type { MemberSetup, Request, Rows } from "../team/work.js";
import { feedsOf, Lessons } from "./batches.js";
import { type Deeds, replayed } from "./episodes.js";
import { listeningLayout } from "./layout.js";
import { pictureDraws, pictureFeeds, takePictures } from "./pictures.js";
import { type PlayedLesson, Player } from "./player.js";
import { type ListeningRecipe, listeningSpec } from "./recipe.js";

/** Start parameters of a worker; the arrays are in shared memory. */
export interface ListeningSetup extends MemberSetup {
  readonly seed: number;
  readonly world: string;
  readonly recipe: ListeningRecipe;
  readonly stage:
    | { readonly kind: "seeing"; readonly step: StepModel }
    | {
        readonly kind: "acting";
        /** A training step of each of the recipe's lengths. */
        readonly steps: readonly StepModel[];
        /** `actingModel` for `ABREAST` episodes. */
        readonly model: Uint8Array;
        /** Episodes that each worker has learned from before. */
        readonly deeds: readonly (readonly Deeds[])[];
      };
}

/** Episodes that a worker plays at once. */
export const ABREAST = 16;

/** Seeds of the episodes to learn from, of those that are judged, of the pictures and of the batches. */
const [EPISODES, JUDGED, PICTURES, BATCHES] = [1_000_011, 1_000_012, 1_000_013, 1_000_014];

/** Seed of a training's episodes in the world. */
const episodeSeed = (seed: number): number => random(seed, EPISODES).integer(2 ** 31);

/** Asks for a step of the convolutions' fit; a row of scalars. */
export interface SeeRequest extends Request {
  readonly kind: "see";
  readonly step: number;
}

/**
 * Asks for episodes, of which the worker learns unless they are judged; a row for each: 1 where it succeeded, sum of
 * rewards, steps, then action and cell of each step of those to learn from.
 */
export interface PlayRequest extends Request {
  readonly kind: "play";
  readonly episodes: readonly number[];
  readonly expert: number;
  readonly judged: boolean;
}

/** Asks for a training step; a row of scalars. */
export interface LearnRequest extends Request {
  readonly kind: "learn";
  readonly step: number;
}

export async function seeingWork({ seed, world, recipe, stage, worker, parameters, gradient }: ListeningSetup) {
  const entry = worldNamed(world);
  const spec = listeningSpec(entry.facts, recipe.network);
  const layout = listeningLayout(spec);
  const step = await Step.create((stage as { step: StepModel }).step, layout, "cpu");
  const draws = random(seed, PICTURES, worker);
  const pictures = await takePictures(entry, recipe.seeing.pictures, draws.integer(2 ** 31), draws);
  const work = () => ({
    async answer({ step: number }: SeeRequest): Promise<Rows> {
      const feeds = pictureFeeds(entry.facts, pictures, recipe.seeing.batch, pictureDraws(seed, number, worker));
      return [await step.run(feeds, parameters, gradient)];
    },
  });
  return { table: { see: work }, session: step.session };
}

export async function actingWork({ seed, world, recipe, stage, worker, parameters, gradient }: ListeningSetup) {
  const { steps, model, deeds } = stage as Extract<ListeningSetup["stage"], { kind: "acting" }>;
  const entry = worldNamed(world);
  const { facts } = entry;
  const spec = listeningSpec(facts, recipe.network);
  const layout = listeningLayout(spec);
  const compiled: Step[] = [];
  for (const one of steps) compiled.push(await Step.create(one, layout, "cpu"));
  const session = await Session.create(model, { threads: 1, spinning: false });
  const player = await Player.load(entry, spec, layout, session, ABREAST);
  const lessons = new Lessons(recipe);
  const { world: first, picture } = player.first;
  for (const done of deeds[worker] ?? []) lessons.add(replayed(first, picture, episodeSeed(seed), done));

  const play = () => ({
    async answer({ episodes, expert, judged }: PlayRequest): Promise<Rows> {
      const most = judged ? facts.limit : recipe.lengths.at(-1)!;
      const of = judged ? random(seed, JUDGED).integer(2 ** 31) : episodeSeed(seed);
      const played = await player.play(parameters, { seed: of, episodes, expert, most });
      if (!judged) for (const { lesson } of played) lessons.add(lesson);
      return played.map((one) => rowOf(one, judged));
    },
  });
  const learn = () => ({
    async answer({ step }: LearnRequest): Promise<Rows> {
      const { length, lessons: batch } = lessons.draw(random(seed, BATCHES, step, worker));
      const index = recipe.lengths.indexOf(length);
      return [await compiled[index]!.run(feedsOf(facts, length, batch), parameters, gradient)];
    },
  });
  return { table: { play, learn }, session: compiled[0]!.session };
}

function rowOf({ success, sum, deeds: { actions, cells } }: PlayedLesson, judged: boolean): number[] {
  const row = [success ? 1 : 0, sum, actions.length];
  return judged ? row : [...row, ...actions.flatMap((action, t) => [action, cells[t]!])];
}
