import type { Canvas } from "../canvas.js";
import type { ExpertLabel, World, WorldFacts, WorldStep } from "../world.js";
import { advise, expertLength } from "./expert.js";
import { ARM, BACKGROUND, FACTS, MASK, OTHER, TABLE, TARGET } from "./facts.js";
import { isMet, nextGoal, type SubGoal } from "./goals.js";
import { type Layout, layoutOf, type Split } from "./layout.js";
import { maskOf, shownIn, targetOf } from "./mask.js";
import { ACTIONS, act, INTERACTIONS, type Table, type Target, underGripper } from "./rules.js";
import { ARM_SHOWN, FIRST_TILE, HAND_SHOWN, NOTHING_SHOWN, type Scene } from "./scene.js";
import { thingNumber } from "./things.js";

/**
 * An arm over a table with coloured things, told in words what to do with them. Actions are moves from cell to cell and
 * interactions with what a mask over the picture shows; `docs/worlds.md` has the rules.
 */
export class Tabletop implements World {
  readonly facts: WorldFacts;
  readonly #canvas: Canvas;
  readonly #scene: Scene;
  readonly #split: Split;
  readonly #shown: Uint8Array;
  #seed = 0;
  #episode = 0;
  #layout!: Layout;
  #table!: Table;
  /** Numbers of the episode's things (`THINGS`). */
  #things: number[] = [];
  #expertSteps = 0;
  #steps = 0;
  #failed = 0;
  readonly #result = { reward: 0, terminated: false, truncated: false, success: false };

  constructor(canvas: Canvas, facts: WorldFacts, scene: Scene, split: Split) {
    this.facts = facts;
    this.#canvas = canvas;
    this.#scene = scene;
    this.#split = split;
    this.#shown = new Uint8Array(FACTS.picture.width * FACTS.picture.height);
  }

  reset(seed: number, episode: number): void {
    this.#seed = seed;
    this.#episode = episode;
    this.place(layoutOf(this.#split, seed, episode));
  }

  /** Starts an episode as the layout says; its table is changed by what happens. */
  place(layout: Layout): void {
    this.#layout = layout;
    this.#table = layout.table;
    this.#things = layout.table.things.map(thingNumber);
    this.#expertSteps = expertLength(this.#table, layout.goals);
    this.#steps = 0;
    this.#failed = 0;
    this.#draw();
  }

  /** @param actions index of an action, then the mask's largest cell (row · 16 + column; −1: no mask) from index `at` on */
  step(actions: ArrayLike<number>, at = 0): WorldStep {
    const action = ACTIONS[actions[at]!];
    if (action === undefined) throw new Error(`action ${actions[at]}: expected 0 to ${ACTIONS.length - 1}`);
    const isInteraction = INTERACTIONS.includes(action);
    const did = act(this.#table, action, isInteraction ? this.#target(action, actions[at + 1] ?? -1) : undefined);
    if (!did) this.#failed++;
    this.#steps++;
    const isStop = action === "stop";
    const result = this.#result;
    result.terminated = isStop;
    result.truncated = this.#steps >= FACTS.limit;
    result.success = isStop && this.progress() === 1;
    result.reward = result.success ? this.#expertSteps / Math.max(this.#expertSteps, this.#steps) : 0;
    if (did && !isStop) this.#draw();
    return result;
  }

  instruction(): string {
    return this.#layout.instruction;
  }

  /** Things of the episode, where they are, and the gripper; not to be changed. */
  get table(): Table {
    return this.#table;
  }

  get goals(): readonly SubGoal[] {
    return this.#layout.goals;
  }

  /** Actions that the expert needs from the episode's start, `stop` included. */
  get expertSteps(): number {
    return this.#expertSteps;
  }

  /** Interactions of the episode so far that did nothing. */
  get failedInteractions(): number {
    return this.#failed;
  }

  /** Index of the sub-goal that is to be worked on; −1 where all are met. */
  get goal(): number {
    return nextGoal(this.#table, this.#layout.goals);
  }

  expert(mask: Uint8Array): ExpertLabel {
    const { action, target } = advise(this.#table, this.#layout.goals);
    if (target === undefined) mask.fill(0);
    else maskOf(this.#shown, this.#numberOf(target), this.#heldNumber, mask);
    return { action: ACTIONS.indexOf(action), interacts: target !== undefined };
  }

  /** Part of the sub-goals that are met now. */
  progress(): number {
    const { goals } = this.#layout;
    return goals.filter((goal) => isMet(this.#table, goal)).length / goals.length;
  }

  segmentation(into: Uint8Array): void {
    const named = new Set(
      this.#layout.goals.flatMap((goal) => (goal.kind === "put" ? [goal.thing, goal.into] : [goal.thing])),
    );
    const labels = new Uint8Array(HAND_SHOWN + 1).fill(OTHER, 0, FIRST_TILE).fill(TABLE, FIRST_TILE, ARM_SHOWN);
    for (const thing of named) labels[this.#things[thing]!] = TARGET;
    labels[ARM_SHOWN] = ARM;
    labels[HAND_SHOWN] = ARM;
    labels[NOTHING_SHOWN] = BACKGROUND;
    for (let pixel = 0; pixel < into.length; pixel++) into[pixel] = labels[this.#shown[pixel]!]!;
  }

  kinds(into: Uint8Array): void {
    const [things, colours] = FACTS.kinds!;
    const thingOf = new Uint8Array(HAND_SHOWN + 1).fill(things!.indexOf("table"), FIRST_TILE, ARM_SHOWN);
    const colourOf = new Uint8Array(HAND_SHOWN + 1);
    thingOf[ARM_SHOWN] = things!.indexOf("arm");
    thingOf[HAND_SHOWN] = things!.indexOf("hand");
    this.#table.things.forEach(({ kind, colour }, i) => {
      thingOf[this.#things[i]!] = things!.indexOf(this.#table.open[i] ? "open drawer" : kind);
      colourOf[this.#things[i]!] = colours!.indexOf(colour);
    });
    const pixels = this.#shown.length;
    for (let pixel = 0; pixel < pixels; pixel++) {
      into[pixel] = thingOf[this.#shown[pixel]!]!;
      into[pixels + pixel] = colourOf[this.#shown[pixel]!]!;
    }
  }

  /** Seed, episode, steps, failed interactions, gripper, held thing, then cell, container, slot and openness of each thing. */
  save(): Float64Array {
    const { cells, containers, slots, open, gripper, held } = this.#table;
    const things = cells.flatMap((cell, i) => [cell, containers[i]!, slots[i]!, Number(open[i])]);
    return Float64Array.of(this.#seed, this.#episode, this.#steps, this.#failed, gripper, held, ...things);
  }

  restore(saved: Float64Array): void {
    const [seed, episode, steps, failed, gripper, held, ...things] = saved;
    this.reset(seed!, episode!);
    this.#steps = steps!;
    this.#failed = failed!;
    const table = this.#table;
    table.gripper = gripper!;
    table.held = held!;
    table.things.forEach((_, i) => {
      table.cells[i] = things[4 * i]!;
      table.containers[i] = things[4 * i + 1]!;
      table.slots[i] = things[4 * i + 2]!;
      table.open[i] = things[4 * i + 3] === 1;
    });
    this.#draw();
  }

  get #heldNumber(): number {
    return this.#table.held < 0 ? -1 : this.#things[this.#table.held]!;
  }

  #numberOf(target: Target): number {
    return "cell" in target ? FIRST_TILE + target.cell : this.#things[target.thing]!;
  }

  #target(action: (typeof ACTIONS)[number], maskCell: number): Target | undefined {
    if (maskCell < 0) return underGripper(this.#table, action);
    if (maskCell >= MASK * MASK) throw new Error(`mask's cell ${maskCell}: expected −1 to ${MASK * MASK - 1}`);
    return targetOf(shownIn(this.#shown, maskCell, this.#heldNumber), this.#things);
  }

  #draw(): void {
    const raster = this.#scene.draw(this.#table);
    this.#scene.shown(raster, this.#shown);
    const { data, offset, column, row, channel } = this.#canvas;
    const { rgb, width, height } = raster;
    for (let y = 0, from = 0; y < height; y++) {
      let to = offset + y * row;
      for (let x = 0; x < width; x++, from += 3, to += column) {
        data[to] = rgb[from]!;
        data[to + channel] = rgb[from + 1]!;
        data[to + 2 * channel] = rgb[from + 2]!;
      }
    }
  }
}
