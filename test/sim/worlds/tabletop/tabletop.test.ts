import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { wordsOf } from "#src/language/vocabulary.js";
import { random } from "#src/sim/random.js";
import { WorldBatch } from "#src/sim/worlds/batch.js";
import { pictureLength, pixels } from "#src/sim/worlds/canvas.js";
import { advise, expertLength } from "#src/sim/worlds/tabletop/expert.js";
import { MASK } from "#src/sim/worlds/tabletop/facts.js";
import { isMet, type SubGoal } from "#src/sim/worlds/tabletop/goals.js";
import { layoutOf, type Split } from "#src/sim/worlds/tabletop/layout.js";
import { ACTIONS, act, CELLS, INTERACTIONS, type Table, underGripper } from "#src/sim/worlds/tabletop/rules.js";
import type { Tabletop } from "#src/sim/worlds/tabletop/tabletop.js";
import { isHeldOut } from "#src/sim/worlds/tabletop/things.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";

const { facts } = worldNamed("tabletop");
let make: (canvas: ReturnType<typeof pixels>) => Tabletop;
let makeUnseen: typeof make;

beforeAll(async () => {
  make = (await worldNamed("tabletop").load()) as typeof make;
  makeUnseen = (await worldNamed("tabletop-unseen").load()) as typeof make;
});

function world(of = make): { readonly world: Tabletop; readonly image: Uint8Array } {
  const image = new Uint8Array(pictureLength(facts.picture));
  return { world: of(pixels(image, facts.picture)), image };
}

const mask = new Uint8Array(MASK * MASK);

/** Plays on by the expert, with the cell of its mask that `pick` chooses. */
function playOut(play: Tabletop, pick: (cells: number[]) => number) {
  for (;;) {
    const { action, interacts } = play.expert(mask);
    const cells = [...mask.keys()].filter((cell) => mask[cell] === 1);
    // Whatever it acts on can be seen in the mask.
    expect(cells.length > 0, `${play.instruction()}: ${ACTIONS[action]}`).toBe(interacts);
    const step = play.step([action, interacts ? pick(cells) : -1]);
    if (step.terminated || step.truncated) return { ...step };
  }
}

describe("the expert", () => {
  it.each([
    ["seen", 300],
    ["unseen", 200],
  ] as const)(
    "does what every %s instruction asks for, with any cell of its mask",
    (split, episodes) => {
      const { world: play } = world(split === "seen" ? make : makeUnseen);
      const numbers = random(3);
      for (let episode = 0; episode < episodes; episode++) {
        play.reset(1, episode);
        const { success, reward, truncated } = playOut(play, (cells) => cells[numbers.integer(cells.length)]!);
        expect([success, reward, truncated], play.instruction()).toEqual([true, 1, false]);
        expect(play.failedInteractions).toBe(0);
      }
    },
    60_000,
  );

  it("finds the way from anywhere", () => {
    const numbers = random(4);
    for (let episode = 0; episode < 400; episode++) {
      const { table, goals } = layoutOf(episode % 2 ? "seen" : "unseen", 2, episode);
      for (let step = 0; step < 60; step++) wander(table, numbers);
      const length = expertLength(table, goals);
      expect(length).toBeLessThan(facts.limit);
      for (let step = 1; step < length; step++) {
        const { action, target } = advise(table, goals);
        expect(act(table, action, target)).toBe(true);
      }
      expect(advise(table, goals).action).toBe("stop");
      expect(goals.every((goal) => isMet(table, goal))).toBe(true);
    }
  });

  it("sees what it acts on after random actions, too", () => {
    const numbers = random(5);
    const { world: play } = world();
    for (let episode = 0; episode < 20; episode++) {
      play.reset(3, episode);
      for (let step = 0; step < 25; step++) play.step([numbers.integer(ACTIONS.length - 1), -1]);
      playOut(play, (cells) => cells[0]!);
    }
  });

  it("needs no more actions for one sub-goal than a search through all states", () => {
    let episode = 0;
    for (let tried = 0; tried < 12; episode++) {
      const { table, goals } = layoutOf("seen", 4, episode);
      if (goals.length !== 1) continue;
      tried++;
      // `stop` comes last.
      expect(expertLength(table, goals) - 1).toBe(searched(table, goals[0]!));
    }
  });
});

/** Does a random action; interactions are with what is under the gripper. */
function wander(table: Table, numbers: ReturnType<typeof random>): void {
  const action = ACTIONS[numbers.integer(ACTIONS.length - 1)]!;
  act(table, action, underGripper(table, action));
}

/** Fewest actions until a sub-goal is met, by breadth-first search. */
function searched(start: Table, goal: SubGoal): number {
  const copy = (table: Table): Table => JSON.parse(JSON.stringify(table)) as Table;
  const key = ({ gripper, held, cells, containers, open }: Table) =>
    JSON.stringify([gripper, held, cells, containers, open]);
  let front = [copy(start)];
  const seen = new Set(front.map(key));
  for (let length = 0; ; length++) {
    if (front.some((table) => isMet(table, goal))) return length;
    const next: Table[] = [];
    for (const from of front) {
      for (const action of ACTIONS) {
        // A thing that the sub-goal does not name stays where it is: carrying it helps nothing.
        const target = underGripper(from, action);
        if (action === "pick" && target && "thing" in target && target.thing !== goal.thing) continue;
        const table = copy(from);
        if (!act(table, action, target)) continue;
        const name = key(table);
        if (seen.has(name)) continue;
        seen.add(name);
        next.push(table);
      }
    }
    front = next;
  }
}

describe("an episode", () => {
  it("follows from seed, episode and actions to the last bit, and from a saved state on", () => {
    const numbers = random(6);
    const [a, b] = [world(), world()];
    const hash = ({ world: play, image }: typeof a) => {
      const labels = new Uint8Array(image.length / 3);
      play.segmentation(labels);
      return createHash("sha256")
        .update(image)
        .update(labels)
        .update(JSON.stringify([...play.save()]))
        .digest("hex");
    };
    b.world.reset(9, 9);
    for (let episode = 0; episode < 4; episode++) {
      a.world.reset(7, episode);
      b.world.reset(7, episode);
      for (let step = 0; step < 40; step++) {
        const action = [numbers.integer(ACTIONS.length - 1), numbers.integer(MASK * MASK + 1) - 1];
        a.world.step(action);
        b.world.step(action);
        expect(hash(b)).toBe(hash(a));
        if (step === 20) {
          const saved = a.world.save();
          b.world.reset(1, 1);
          b.world.restore(saved);
          expect(hash(b)).toBe(hash(a));
        }
      }
    }
  });

  it("ends at stop, done or not, and is cut off at the limit", () => {
    const { world: play } = world();
    play.reset(1, 0);
    expect(play.step([ACTIONS.indexOf("stop"), -1])).toEqual({
      reward: 0,
      terminated: true,
      truncated: false,
      success: false,
    });
    play.reset(1, 0);
    for (let step = 1; step < facts.limit; step++) expect(play.step([0, -1]).truncated).toBe(false);
    expect(play.step([0, -1])).toMatchObject({ terminated: false, truncated: true, success: false });
  });

  it("weighs success by the expert's length over its own", () => {
    const { world: play } = world();
    play.reset(1, 2);
    // Four steps of detour.
    const detour = play.table.gripper % 5 === 0 ? ["right", "left"] : ["left", "right"];
    for (const name of [...detour, ...detour]) play.step([ACTIONS.indexOf(name as "left"), -1]);
    const { reward } = playOut(play, (cells) => cells[0]!);
    expect(reward).toBeCloseTo(play.expertSteps / (play.expertSteps + 4), 12);
  });

  it("counts interactions with the wrong thing, or nothing, and changes nothing then", () => {
    const { world: play } = world();
    for (let episode = 0, tried = 0; tried < 10; episode++) {
      play.reset(5, episode);
      let label = play.expert(mask);
      while (!label.interacts && ACTIONS[label.action] !== "stop") {
        play.step([label.action, -1]);
        label = play.expert(mask);
      }
      const before = play.save();
      const wrong = [...mask.keys()].filter((cell) => mask[cell] === 0);
      for (const cell of wrong) play.step([label.action, cell]);
      if (wrong.length >= facts.limit) {
        expect(play.failedInteractions).toBe(wrong.length);
        expect(play.save().slice(4)).toEqual(before.slice(4));
      }
      play.restore(before);
      play.step([label.action, mask.indexOf(1)]);
      expect(play.failedInteractions).toBe(0);
      expect(play.save().slice(4)).not.toEqual(before.slice(4));
      tried++;
    }
  });

  it("labels the things that the instruction names as targets", () => {
    const { world: play } = world();
    play.reset(1, 3);
    const labels = new Uint8Array(64 * 64);
    play.segmentation(labels);
    const names = new Set([...labels].map((label) => facts.classes[label]));
    for (const name of ["background", "table", "arm", "target", "other"]) expect(names).toContain(name);
  });

  it("tells kind and colour of each pixel, of the things that there are", () => {
    const { world: play, image } = world();
    const [things, colours] = facts.kinds!;
    const seen = new Set<string>();
    for (let episode = 0; episode < 6; episode++) {
      play.reset(2, episode);
      const labels = new Uint8Array(2 * 64 * 64);
      play.kinds(labels);
      const segmented = new Uint8Array(64 * 64);
      play.segmentation(segmented);
      const there = play.table.things.map(
        ({ kind, colour }, i) => `${colour} ${play.table.open[i] ? "open drawer" : kind}`,
      );
      for (let pixel = 0; pixel < 64 * 64; pixel++) {
        const [thing, colour] = [things![labels[pixel]!]!, colours![labels[64 * 64 + pixel]!]!];
        const isThing = ["target", "other"].includes(facts.classes[segmented[pixel]!]!);
        expect(colour === "none").toBe(!isThing);
        expect(["arm", "hand"].includes(thing)).toBe(facts.classes[segmented[pixel]!] === "arm");
        if (!isThing) continue;
        expect(there).toContain(`${colour} ${thing}`);
        seen.add(thing);
        // A red thing has more red than anything.
        if (colour === "red" && thing === "block")
          expect(image[3 * pixel]!).toBeGreaterThan(Math.max(image[3 * pixel + 1]!, image[3 * pixel + 2]!));
      }
    }
    expect([...seen].sort()).toEqual(["ball", "block", "bowl", "cup", "drawer", "open drawer"]);
  });
});

describe("the splits", () => {
  const named = ({ table, goals }: ReturnType<typeof layoutOf>) =>
    goals
      .flatMap((goal) => (goal.kind === "put" ? [goal.thing, goal.into] : [goal.thing]))
      .map((i) => table.things[i]!);
  const layouts = (split: Split) => Array.from({ length: 600 }, (_, episode) => layoutOf(split, 8, episode));

  it("keep five combinations out of all seen episodes, and name one in every unseen one", () => {
    for (const { table } of layouts("seen")) expect(table.things.some(isHeldOut)).toBe(false);
    const unseen = layouts("unseen");
    for (const layout of unseen) expect(named(layout).some(isHeldOut)).toBe(true);
    const shown = new Set(
      unseen.flatMap((layout) => named(layout).filter(isHeldOut)).map((thing) => JSON.stringify(thing)),
    );
    expect(shown.size).toBe(5);
  });

  it("have one to four sub-goals in sentences of the vocabulary that fit, each thing in a cell of its own", () => {
    const { vocabulary, length } = facts.language!;
    const counts = [0, 0, 0, 0, 0];
    const said = new Set<string>();
    for (const { table, goals, instruction } of [...layouts("seen"), ...layouts("unseen")]) {
      counts[goals.length]!++;
      const words = wordsOf(instruction);
      expect(words.length).toBeLessThanOrEqual(length - 2);
      for (const word of words) said.add(word);
      const free = table.cells.filter((_, i) => table.containers[i]! < 0);
      expect(new Set(free).size).toBe(free.length);
      expect(table.cells.every((cell) => cell >= 0 && cell < CELLS)).toBe(true);
      expect(goals.some((goal) => !isMet(table, goal))).toBe(true);
    }
    expect(counts[0]).toBe(0);
    // 1200 episodes; the chances are 0.4, 0.3, 0.2 and 0.1, and the seeds do not change.
    [480, 360, 240, 120].forEach((expected, i) => {
      expect(Math.abs(counts[i + 1]! - expected)).toBeLessThan(60);
    });
    // Every word of the vocabulary is used, and no other.
    expect([...said].sort()).toEqual([...vocabulary.words.slice(4)].sort());
  });
});

describe("a batch", () => {
  it("has each episode's tokens beside its picture, and the expert's labels", async () => {
    const entry = worldNamed("tabletop");
    const batch = await WorldBatch.load(entry, { count: 3, seed: 1 });
    const { vocabulary, length } = facts.language!;
    const { world: play, image } = world();
    const area = MASK * MASK;
    for (let step = 0; step < 120; step++) {
      const labels = batch.experts();
      const actions = [0, 1, 2].flatMap((i) => {
        const at = labels.interacts[i] ? labels.masks.subarray(area * i, area * (i + 1)).indexOf(1) : -1;
        return [labels.actions[i]!, at];
      });
      batch.step(actions);
    }
    expect([...batch.successes]).toEqual([1, 1, 1]);
    for (let i = 0; i < 3; i++) {
      const episode = batch.save().episodes[3 * i]!;
      expect(episode % 3).toBe(i);
      play.reset(1, episode);
      const words = play
        .instruction()
        .toLowerCase()
        .split(/[^a-z]+/)
        .filter((word) => word !== "");
      const plain = [1, ...words.map((word) => vocabulary.words.indexOf(word)), 2];
      const expected = Array.from({ length }, (_, at) => plain[at] ?? 0);
      expect([...batch.instructions.subarray(i * length, (i + 1) * length)]).toEqual(expected);
    }
    expect(image.some((byte) => byte > 0)).toBe(true);
    expect(INTERACTIONS).toEqual(["pick", "place", "open", "close"]);
  });

  it("refuses to ask a world without expert", async () => {
    const batch = await WorldBatch.load(worldNamed("red-fetch-green"), { count: 1, seed: 0 });
    expect(() => batch.experts()).toThrow("red-fetch-green has no expert");
    expect(batch.instructions.length).toBe(0);
  });
});
