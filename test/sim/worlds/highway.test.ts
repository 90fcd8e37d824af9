import { describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { planes } from "#src/sim/worlds/canvas.js";
import { Highway } from "#src/sim/worlds/highway/highway.js";
import { laneMiddle, Road } from "#src/sim/worlds/highway/road.js";

const SIZE = { width: 128, height: 128, channels: 3 };
const LENGTH = 4.5;
const WIDTH = 1.8;
/** Half the road, to its rails, metres. */
const RAIL = 5.75;
const PERIOD = 0.05;

const make = (): Highway => new Highway(planes(new Uint8Array(128 * 128 * 3), SIZE));

interface State {
  seed: number;
  episode: number;
  steps: number;
  place: number;
  left: number;
  angle: number;
  speed: number;
  cars: { place: number; lane: number; speed: number; desired: number }[];
}

function stateOf(world: Highway): State {
  const [seed, episode, steps, place, left, angle, speed, , , , ...rest] = world.save();
  const cars = Array.from({ length: rest.length / 4 }, (_, i) => {
    const [at, lane, fast, desired] = rest.slice(4 * i);
    return { place: at!, lane: lane!, speed: fast!, desired: desired! };
  });
  const own = { place: place!, left: left!, angle: angle!, speed: speed! };
  return { seed: seed!, episode: episode!, steps: steps!, ...own, cars };
}

function put(world: Highway, { seed, episode, steps, place, left, angle, speed, cars }: State): void {
  const others = cars.flatMap((car) => [car.place, car.lane, car.speed, car.desired]);
  world.restore(Float64Array.of(seed, episode, steps, place, left, angle, speed, seed, episode, 0, ...others));
}

/** World coordinates of a place on the road, by small steps along it from place 0. */
function coordinates(road: Road, place: number, left: number): { x: number; y: number; heading: number } {
  const steps = Math.max(1, Math.ceil(Math.abs(place) / 0.01));
  let [x, y] = [0, 0];
  for (let i = 0; i < steps; i++) {
    const heading = road.heading(((i + 0.5) * place) / steps) - road.heading(0);
    x += (place / steps) * Math.cos(heading);
    y += (place / steps) * Math.sin(heading);
  }
  const heading = road.heading(place) - road.heading(0);
  return { x: x - left * Math.sin(heading), y: y + left * Math.cos(heading), heading };
}

/** Keeps to a lane and behind the car ahead. */
function drive({ seed, episode, place, left, angle, speed, cars }: State, lane: number): [number, number] {
  const curvature = new Road(seed, episode).curvature(place + 0.3 * speed);
  const wanted = Math.max(-0.15, Math.min(0.15, 0.08 * (laneMiddle(lane) - left)));
  const steering = Math.atan(2.7 * (curvature + 0.12 * (wanted - angle)));
  const gap = Math.min(
    60,
    ...cars.filter((car) => car.lane === lane && car.place > place).map((car) => car.place - place - LENGTH),
  );
  return [steering, 2 * (Math.min(30, 0.6 * gap) - speed)];
}

/** Cars far away, each alone. */
const far = (): State["cars"] =>
  Array.from({ length: 15 }, (_, i) => ({ place: 100 + 8 * i, lane: i % 3, speed: 0, desired: 15 }));

describe("the highway", () => {
  it("has roads that bend by their curvature, to both sides", () => {
    const road = new Road(3, 1);
    let [left, right] = [0, 0];
    for (let place = -500; place < 2000; place += 7) {
      const slope = (road.heading(place + 0.001) - road.heading(place - 0.001)) / 0.002;
      expect(road.curvature(place)).toBeCloseTo(slope, 6);
      left = Math.max(left, slope);
      right = Math.min(right, slope);
    }
    expect(left).toBeGreaterThan(0.004);
    expect(right).toBeLessThan(-0.004);
  });

  it("drives circles with the radius of the bicycle model, whatever the road does", () => {
    const world = make();
    const [speed, steering] = [12, 0.03];
    const state = { seed: 5, episode: 2, steps: 0, place: 0, left: 0, angle: 0, speed, cars: far() };
    put(world, state);
    const road = new Road(5, 2);
    const radius = 2.7 / Math.tan(steering);
    const steps = 60;
    // The throttle that holds this speed.
    for (let t = 0; t < steps; t++) world.step([steering, (4 / 30) * speed]);
    const after = stateOf(world);
    const turn = (speed * steps * PERIOD) / radius;
    expect(after.speed).toBeCloseTo(speed, 9);
    const { x, y, heading } = coordinates(road, after.place, after.left);
    expect(heading + after.angle).toBeCloseTo(turn, 3);
    expect(Math.abs(x - radius * Math.sin(turn))).toBeLessThan(0.1);
    expect(Math.abs(y - radius * (1 - Math.cos(turn)))).toBeLessThan(0.1);
  });

  it("approaches the speed of the throttle, and rewards the way along the road", () => {
    const world = make();
    put(world, { seed: 1, episode: 0, steps: 0, place: 0, left: 0, angle: 0, speed: 10, cars: far() });
    let sum = 0;
    for (let t = 0; t < 20; t++) sum += world.step([0, 9]).reward;
    const { speed, place } = stateOf(world);
    // v̇ = 4 − 4/30 v: the throttle is clipped at 4.
    expect(speed).toBeCloseTo(30 - 20 * Math.exp((-4 / 30) * 1), 1);
    expect(sum).toBeCloseTo(place / (30 * PERIOD), 9);
    for (let t = 0; t < 200; t++) world.step([0, -4]);
    expect(stateOf(world).speed).toBe(0);
  });

  it("collides where two cars overlap or one touches a rail, and nowhere else", () => {
    const world = make();
    const numbers = random(6);
    const seen = { rail: 0, car: 0, near: 0 };
    for (let run = 0; run < 3000; run++) {
      const own = { place: 0, left: numbers.between(-5, 5), angle: numbers.between(-1.5, 1.5), speed: 0 };
      const cars = far();
      Object.assign(cars[0]!, { place: numbers.between(-6, 6), lane: numbers.integer(3), desired: 1e-9 });
      put(world, { seed: 1, episode: 0, steps: 0, ...own, cars });
      const { terminated } = world.step([0, 0]);
      // Points of the turned car's edge and inside, grown or shrunk.
      const [ahead, beside] = [cars[0]!.place, laneMiddle(cars[0]!.lane)];
      const touches = (grown: number): { rail: boolean; car: boolean } => {
        let [rail, car] = [false, false];
        for (let i = -20; i <= 20; i++) {
          for (let j = -20; j <= 20; j++) {
            const [a, b] = [(i / 20) * (LENGTH / 2 + grown), (j / 20) * (WIDTH / 2 + grown)];
            const x = a * Math.cos(own.angle) - b * Math.sin(own.angle);
            const y = own.left + a * Math.sin(own.angle) + b * Math.cos(own.angle);
            rail ||= Math.abs(y) > RAIL;
            car ||= Math.abs(x - ahead) < LENGTH / 2 + grown && Math.abs(y - beside) < WIDTH / 2 + grown;
          }
        }
        return { rail, car };
      };
      const [less, more] = [touches(-0.08), touches(0.08)];
      if (less.rail || less.car) expect(terminated).toBe(true);
      if (!more.rail && !more.car) {
        expect([terminated, own, ahead, beside]).toEqual([false, own, ahead, beside]);
        if (Math.abs(ahead) < 5) seen.near += 1;
      }
      if (less.rail) seen.rail += 1;
      if (less.car) seen.car += 1;
    }
    expect(Math.min(seen.rail, seen.car, seen.near)).toBeGreaterThan(200);
  });

  it("shows each car where a camera 12 m behind and 7 m above, 18° down, sees it", () => {
    const world = make();
    const numbers = random(8);
    let shown = 0;
    for (let i = 0; i < 40; i++) {
      const own = { place: 300, left: numbers.between(-3, 3), angle: numbers.between(-0.2, 0.2), speed: 0 };
      const place = own.place + numbers.between(8, 60);
      const lane = numbers.integer(3);
      const cars = far().map((car) => ({ ...car, place: car.place + 2000 }));
      Object.assign(cars[0]!, { place, lane });
      put(world, { seed: 2, episode: i, steps: 0, ...own, cars });
      const labels = new Uint8Array(128 * 128);
      world.segmentation(labels);
      const road = new Road(2, i);
      const from = coordinates(road, own.place, own.left);
      const to = coordinates(road, place, laneMiddle(lane));
      const direction = from.heading + own.angle;
      const [dx, dy] = [to.x - from.x, to.y - from.y];
      const ahead = dx * Math.cos(direction) + dy * Math.sin(direction) + 12;
      const left = dy * Math.cos(direction) - dx * Math.sin(direction);
      const down = 7 - 0.8;
      const pitch = (18 * Math.PI) / 180;
      const depth = ahead * Math.cos(pitch) + down * Math.sin(pitch);
      const focal = 64 / Math.tan(Math.PI / 6);
      const column = 64 - (focal * left) / depth;
      const row = 64 - (focal * (ahead * Math.sin(pitch) - down * Math.cos(pitch))) / depth;
      if (column < 8 || column > 120) continue;
      shown += 1;
      const seen = [...labels.keys()].filter((at) => world.facts.classes[labels[at]!] === "car");
      expect(seen.length).toBeGreaterThan(5);
      const middle = (of: (at: number) => number): number => seen.reduce((sum, at) => sum + of(at), 0) / seen.length;
      expect(Math.abs(middle((at) => (at % 128) + 0.5) - column)).toBeLessThan(2);
      expect(Math.abs(middle((at) => Math.floor(at / 128) + 0.5) - row)).toBeLessThan(2);
    }
    expect(shown).toBeGreaterThan(25);
  });

  it("can be driven to the end without a collision, and not by chance", () => {
    const world = make();
    const numbers = random(9);
    const places: number[] = [];
    for (let episode = 0; episode < 8; episode++) {
      world.reset(7, episode);
      const lane = Math.round(stateOf(world).left / 3.5) + 1;
      for (let t = 0; t < 400; t++) {
        const { terminated, truncated, success } = world.step(drive(stateOf(world), lane));
        expect([terminated, truncated, success]).toEqual([false, t === 399, t === 399]);
      }
      const { cars, place } = stateOf(world);
      places.push(place);
      // The traffic keeps apart, too.
      for (const car of cars) {
        for (const other of cars) {
          if (other === car || other.lane !== car.lane) continue;
          expect(Math.abs(other.place - car.place)).toBeGreaterThan(LENGTH);
        }
      }
      world.reset(7, episode);
      for (let t = 0; t < 400; t++) {
        const { terminated, truncated } = world.step([numbers.between(-0.04, 0.04), numbers.between(-4, 4)]);
        if (!terminated) expect(truncated).toBe(false);
        if (terminated) break;
      }
    }
    expect(Math.min(...places)).toBeGreaterThan(200);
  });

  it("refuses an action that is no number", () => {
    const world = make();
    world.reset(0, 0);
    expect(() => world.step([Number.NaN, 0])).toThrow("steering: NaN: expected a finite number");
  });
});
