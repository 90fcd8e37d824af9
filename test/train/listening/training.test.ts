import { expect, test } from "vitest";
import { encoded } from "#src/language/vocabulary.js";
import { random } from "#src/sim/random.js";
import { planes } from "#src/sim/worlds/canvas.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { feedsOf, Lessons } from "#src/train/listening/batches.js";
import { type Lesson, LessonWriter, replayed } from "#src/train/listening/episodes.js";
import { expertPart, type ListeningRecipe, stepsOf } from "#src/train/listening/recipe.js";
import { listeningRecipe } from "#src/train/listening/recipes.js";
import { type ListeningCheckpoint, ListeningTraining } from "#src/train/listening/training.js";

const entry = worldNamed("tabletop");
const { facts } = entry;
const PIXELS = 3 * 64 * 64;

/** The expert's own episode, with a move that is not the expert's at step `wrong`. */
async function play(episode: number, wrong = -1) {
  const picture = new Uint8Array(PIXELS);
  const world = (await entry.load())(planes(picture, facts.picture));
  world.reset(5, episode);
  const writer = new LessonWriter(world, picture, episode);
  const masks: Uint8Array[] = [];
  for (let t = 0; t < 100; t++) {
    const { action, interacts, cells } = writer.see();
    masks.push(interacts ? cells : new Uint8Array(256));
    const taken = t === wrong ? (action + 1) % 4 : action;
    const cell = t === wrong ? -1 : cells.indexOf(1);
    writer.did(taken, cell);
    if (world.step([taken, cell]).terminated) break;
  }
  return { writer, world, picture, masks, lesson: writer.lesson() };
}

test("a lesson has the expert's actions, and the cells that it goes to", async () => {
  const { lesson, world, masks } = await play(3);
  const stop = facts.actions.names.indexOf("stop");
  expect(lesson.expert.at(-1)).toBe(stop);
  expect([...lesson.previous]).toEqual([-1, ...lesson.expert.slice(0, -1)]);
  expect(lesson.instruction).toEqual(encoded(facts.language!.vocabulary, world.instruction!(), 24).ids);
  // Every step but those behind the last interaction has the mask of the next one.
  let next: Uint8Array | undefined;
  for (let t = lesson.length - 1; t >= 0; t--) {
    if (masks[t]!.includes(1)) next = masks[t]!;
    expect(lesson.interacts[t], `step ${t}`).toBe(next ? 1 : 0);
    if (next) expect([...lesson.cells.slice(256 * t, 256 * (t + 1))]).toEqual([...next]);
  }
  expect(next).toBeDefined();
});

test("behind a step that was not the expert's nothing is said of where it went before", async () => {
  let episode = 0;
  const moves = async () => (await play(episode)).masks.slice(0, 3).every((mask) => !mask.includes(1));
  while (!(await moves())) episode++;
  const { lesson } = await play(episode, 1);
  expect([lesson.interacts[0], lesson.interacts[1], lesson.interacts[2]]).toEqual([0, 0, 1]);
});

test("an episode is the same again by what was done in it", async () => {
  const { writer, lesson, world, picture } = await play(7, 2);
  expect(replayed(world, picture, 5, writer.deeds())).toEqual(lesson);
});

const lessonOf = (length: number, token: number): Lesson => ({
  length,
  images: Uint8Array.from({ length: length * PIXELS }, (_, i) => (Math.floor(i / PIXELS) + token) % 256),
  instruction: Array.from({ length: 24 }, (_, i) => (i < 3 ? token : 0)),
  previous: Int8Array.from({ length }, (_, t) => t - 1),
  expert: Uint8Array.from({ length }, (_, t) => (t + token) % 9),
  cells: Uint8Array.from({ length: length * 256 }, (_, i) => (i % 256 === token ? 1 : 0)),
  interacts: Uint8Array.from({ length }, (_, t) => t % 2),
});

test("feeds have the steps of all lessons one after another, and zeros behind an end", () => {
  const feeds = feedsOf(facts, 3, [lessonOf(2, 4), lessonOf(5, 6)]);
  const expert = feeds.expert!.data as Float32Array;
  const at = (row: number) => expert.slice(9 * row, 9 * row + 9).indexOf(1);
  // Rows: step 0 of both, step 1 of both, step 2 of the longer one alone.
  expect([0, 1, 2, 3, 4, 5].map(at)).toEqual([4, 6, 5, 7, -1, 8]);
  expect([...(feeds.interacts!.data as Float32Array)]).toEqual([0, 0, 1, 1, 0, 0]);
  const image = feeds.image!.data as Uint8Array;
  expect([0, 1, 2, 3, 4, 5].map((row) => image[row * PIXELS])).toEqual([4, 6, 5, 7, 0, 8]);
  const previous = feeds.previous_action!.data as Float32Array;
  expect([0, 1, 2, 3, 4, 5].map((row) => previous.slice(9 * row, 9 * row + 9).indexOf(1))).toEqual([
    -1, -1, 0, 0, -1, 1,
  ]);
  expect([...(feeds.instruction!.data as BigInt64Array).slice(22, 28)]).toEqual([0n, 0n, 6n, 6n, 6n, 0n]);
});

test("lessons are drawn by their length, more often where there are more steps", () => {
  const lessons = new Lessons({ lengths: [4, 8], rows: 16 });
  for (let i = 0; i < 6; i++) lessons.add(lessonOf(2, i));
  lessons.add(lessonOf(7, 8));
  lessons.add(lessonOf(30, 9));
  const counts = new Map([4, 8].map((length) => [length, 0]));
  for (let i = 0; i < 400; i++) {
    const { length, lessons: drawn } = lessons.draw(random(i));
    counts.set(length, counts.get(length)! + 1);
    expect(drawn).toHaveLength(16 / length);
    expect(drawn.every((one) => (length === 4 ? one.length === 2 : one.length > 4))).toBe(true);
  }
  // 6 lessons of 4 steps, 2 of 8: 24 to 16.
  expect(counts.get(4)! / 400).toBeGreaterThan(0.5);
  expect(counts.get(8)! / 400).toBeGreaterThan(0.3);
});

test("the expert acts alone in the first round, and ever less", () => {
  const recipe = listeningRecipe("moca");
  expect([0, 6, 12, 30].map((round) => expertPart(recipe, round))).toEqual([1, 0.5, 0.1, 0.1]);
  expect(stepsOf(recipe)).toBe(recipe.seeing.steps + recipe.rounds.count * recipe.rounds.steps);
  expect(() => listeningRecipe("lstm")).toThrow('no recipe "lstm" of policies that listen, expected seq2seq');
});

const SMALL: ListeningRecipe = {
  ...listeningRecipe("moca"),
  workers: 2,
  seeing: { pictures: 6, steps: 3, batch: 2, rate: 1e-3 },
  rounds: { count: 3, first: 4, episodes: 2, alone: 2, least: 0.2, steps: 2, judged: 2 },
  lengths: [12],
  rows: 24,
};

test("a training that was ended goes on to the same parameters", { timeout: 120_000 }, async () => {
  const checkpoints: ListeningCheckpoint[] = [];
  const options = { seed: 4, world: "tabletop", recipe: SMALL };
  const whole = await ListeningTraining.start({
    ...options,
    keep: async (checkpoint) => void checkpoints.push(structuredClone(checkpoint)),
  });
  await whole.train();
  await whole.close();
  expect(checkpoints.map(({ round }) => round)).toEqual([0, 1, 2, 3]);
  expect(whole.steps).toBe(stepsOf(SMALL));
  expect(checkpoints[2]!.deeds.map((deeds) => deeds.map(({ episode }) => episode))).toEqual([
    [0, 2, 4],
    [1, 3, 5],
  ]);
  const again = await ListeningTraining.start({ ...options, resume: checkpoints[2] });
  await again.train();
  await again.close();
  expect(again.parameters).toEqual(whole.parameters);
  expect(again.history.state).toEqual(whole.history.state);
  const point = whole.history.state.points.at(-1)!;
  expect(point.loss).toBeGreaterThan(0);
  expect(point.right).toBeGreaterThanOrEqual(0);
});
