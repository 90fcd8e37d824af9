import { describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { Breakout } from "#src/sim/worlds/breakout/breakout.js";
import { Game } from "#src/sim/worlds/breakout/game.js";
import { planes } from "#src/sim/worlds/canvas.js";

const [SIZE, UNITS, BRICKS] = [84, 16, 108];

/** One frame of a game, painted as the rules in docs/worlds.md say. Bricks gone in this frame are not seen. */
function frameOf(game: Game): Uint8Array {
  const image = new Uint8Array(SIZE * SIZE);
  const box = (left: number, top: number, width: number, height: number, value: number): void => {
    for (let y = top; y < Math.min(top + height, SIZE); y++)
      image.fill(value, y * SIZE + left, y * SIZE + left + width);
  };
  box(0, 7, 84, 77, 110);
  box(6, 13, 72, 71, 0);
  game.bricks.forEach((state, brick) => {
    const [row, column] = [Math.floor(brick / 18), brick % 18];
    if (state === 1) box(6 + 4 * column, 20 + 3 * row, 4, 3, 130 + 10 * row);
  });
  box(Math.floor(game.paddle / UNITS), 75, 12, 2, 210);
  if (game.inPlay) box(Math.floor(game.x / UNITS), Math.floor(game.y / UNITS), 2, 2, 255);
  return image;
}

/** Moves the paddle under the ball, off its middle by up to 5 pixels; serves. */
function follow(game: Game, offset: number): number {
  if (!game.inPlay) return 1;
  const away = (game.x - game.paddle) / UNITS - 5 + offset;
  return Math.abs(away) < 3 ? 0 : away > 0 ? 2 : 3;
}

/** Bricks of a whole game, its steps, and its end. */
function play(episode: number, choose: (game: Game) => number): { bricks: number; steps: number; lives: number } {
  const game = new Game();
  game.reset(3, episode);
  let [bricks, steps] = [0, 0];
  for (; steps < 5000 && game.lives > 0 && bricks < BRICKS; steps++) {
    const action = choose(game);
    for (let frame = 0; frame < 4; frame++) bricks += game.frame(action);
  }
  return { bricks, steps, lives: game.lives };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("Breakout", () => {
  it("shows the brighter of a step's last two frames, and rewards every brick by 1", () => {
    const data = new Uint8Array(SIZE * SIZE);
    const world = new Breakout(planes(data, { width: SIZE, height: SIZE, channels: 1 }));
    const game = new Game();
    const numbers = random(1);
    let [hits, livesLost] = [0, 0];
    for (let episode = 0; episode < 3; episode++) {
      world.reset(8, episode);
      game.reset(8, episode);
      expect(Buffer.compare(data, frameOf(game))).toBe(0);
      for (let offset = 0, ended = false; !ended; ) {
        if (numbers.uniform() < 0.1) offset = numbers.between(-5, 5);
        const action = numbers.uniform() < 0.1 ? numbers.integer(4) : follow(game, offset);
        const { lives } = game;
        let bricks = 0;
        let before = frameOf(game);
        for (let frame = 0; frame < 4; frame++) {
          before = frameOf(game);
          bricks += game.frame(action);
        }
        hits += bricks;
        const { reward, terminated, truncated, lifeLost } = world.step([action]);
        expect(reward).toBe(bricks);
        expect(lifeLost).toBe(game.lives < lives);
        livesLost += Number(lifeLost);
        expect(
          Buffer.compare(
            data,
            frameOf(game).map((value, at) => Math.max(value, before[at]!)),
          ),
        ).toBe(0);
        ended = terminated || truncated;
      }
    }
    expect(hits).toBeGreaterThan(60);
    expect(livesLost).toBeGreaterThan(5);
  });

  it("has five lives of a ball that must be served", () => {
    const game = new Game();
    game.reset(0, 0);
    // The paddle waits at a side, so that it seldom meets the ball.
    for (let frame = 0; frame < 100; frame++) game.frame(3);
    expect([game.lives, game.inPlay]).toEqual([5, false]);
    for (let lives = 5; lives > 0; lives--) {
      game.frame(1);
      expect([game.lives, game.inPlay]).toEqual([lives, true]);
      for (let frame = 0; frame < 20_000 && game.inPlay; frame++) game.frame(0);
    }
    expect(game.lives).toBe(0);
  });

  it("serves by itself in the 120th frame without a ball, the first time and after a lost one", () => {
    const game = new Game();
    game.reset(2, 0);
    for (let lives = 5; lives > 3; lives--) {
      for (let frame = 1; frame < 120; frame++) game.frame(3);
      expect([game.lives, game.inPlay]).toEqual([lives, false]);
      game.frame(3);
      expect([game.lives, game.inPlay]).toEqual([lives, true]);
      for (let frame = 0; frame < 20_000 && game.inPlay; frame++) game.frame(3);
    }
  });

  it("lets no ball go round for ever: from the fifth return without a brick on its direction is drawn", () => {
    const game = new Game();
    game.reset(4, 0);
    game.frame(1);
    // No brick is left to be hit; the paddle, which nothing stops here, meets every ball right of its middle.
    game.bricks.fill(0);
    const across: number[] = [];
    for (let frame = 0; frame < 10_000; frame++) {
      game.paddle = game.x - 94;
      const { down } = game;
      game.frame(0);
      if (down === 1 && game.down === -1) across.push(game.across);
    }
    expect(across.length).toBeGreaterThan(50);
    expect(across.slice(0, 4)).toEqual([1, 1, 1, 1]);
    expect(new Set(across.slice(4)).size).toBe(8);
  });

  it("goes on from a saved state as it would have gone on, while it waits and while a ball goes astray", () => {
    const [game, other] = [new Game(), new Game()];
    game.reset(5, 1);
    for (let frame = 0; frame < 3000; frame++) {
      other.restore(game.save());
      const action = frame % 700 < 150 ? 0 : follow(game, 0);
      expect(game.frame(action)).toBe(other.frame(action));
      expect(game.save()).toEqual(other.save());
    }
  });

  it("moves the ball in straight lines between walls, bricks and paddle, and never into a brick", () => {
    const game = new Game();
    const numbers = random(2);
    let [straight, turned] = [0, 0];
    for (let episode = 0; episode < 5; episode++) {
      game.reset(1, episode);
      for (let frame = 0; frame < 4000 && game.lives > 0; frame++) {
        const was = { x: game.x, y: game.y, across: game.across, down: game.down, inPlay: game.inPlay };
        const bricks = game.frame(numbers.uniform() < 0.8 ? follow(game, numbers.between(-5, 5)) : 1);
        if (!game.inPlay || !was.inPlay) continue;
        const [dx, dy] = [game.x - was.x, game.y - was.y];
        const level = dx / was.across;
        if (game.across === was.across && game.down === was.down) {
          straight += 1;
          expect([3, 4, 5]).toContain(level);
          expect(dy).toBe(4 * level * was.down);
        } else turned += 1;
        expect(game.x).toBeGreaterThanOrEqual(6 * UNITS);
        expect(game.x).toBeLessThanOrEqual(76 * UNITS);
        expect(game.y).toBeGreaterThanOrEqual(13 * UNITS);
        const gone = game.bricks.filter((state) => state === 2).length;
        expect(gone).toBe(bricks);
        game.bricks.forEach((state, brick) => {
          const [left, top] = [(6 + 4 * (brick % 18)) * UNITS, (20 + 3 * Math.floor(brick / 18)) * UNITS];
          const apart =
            game.x + 2 * UNITS <= left ||
            game.x >= left + 4 * UNITS ||
            game.y + 2 * UNITS <= top ||
            game.y >= top + 3 * UNITS;
          if (state === 1 && !apart) expect.fail(`the ball is in brick ${brick}`);
        });
      }
    }
    expect(Math.min(straight / 100, turned)).toBeGreaterThan(20);
  });

  it("sends the ball where the paddle is hit: flat at its ends, steep in its middle, back to the side it came from", () => {
    const zones = new Map<number, number>();
    for (let at = -31; at < 12 * UNITS; at++) {
      const game = new Game();
      const [x, y] = [600, 72 * UNITS + 15];
      game.reset(0, 0);
      game.frame(1);
      Object.assign(game, { x, y, across: 1, down: 1, paddle: x + 3 - at });
      game.frame(0);
      expect(game.down).toBe(-1);
      zones.set(game.across, (zones.get(game.across) ?? 0) + 1);
    }
    expect([...zones.keys()]).toEqual([-4, -3, -2, -1, 1, 2, 3, 4]);
    for (const count of zones.values()) expect(Math.abs(count - 28)).toBeLessThan(2);
  });

  it("is won by a paddle that follows the ball, not by chance", () => {
    const offsets = random(4);
    const followed = Array.from({ length: 10 }, (_, episode) => {
      let offset = 0;
      return play(episode, (game) => {
        if (offsets.uniform() < 0.05) offset = offsets.between(-5, 5);
        return follow(game, offset);
      });
    });
    expect(mean(followed.map(({ bricks }) => bricks))).toBeGreaterThan(60);
    expect(followed.some(({ bricks, lives }) => bricks === BRICKS && lives > 0)).toBe(true);
    const dice = random(6);
    const byChance = Array.from({ length: 30 }, (_, episode) => play(episode, () => dice.integer(4)));
    expect(mean(byChance.map(({ bricks }) => bricks))).toBeLessThan(4);
    expect(byChance.every(({ lives }) => lives === 0)).toBe(true);
  });
});
