import { random } from "../../random.js";
import type { Canvas } from "../canvas.js";
import type { ContinuousActions, World, WorldStep } from "../world.js";
import { FACTS } from "./facts.js";
import { LANES, laneMiddle, RAIL, Road } from "./road.js";
import { CAR_LENGTH, CAR_WIDTH, Traffic } from "./traffic.js";
import { HighwayView } from "./view.js";

/** Distance between the axles, metres. */
const WHEELBASE = 2.7;
/** m/s. */
const FASTEST = 30;
const START_SPEED = 20;
/** Resistance, 1/s: full throttle holds the largest speed. */
const DRAG = 4 / FASTEST;
const SUBSTEPS = 5;

/**
 * A car among traffic on a road with three lanes that bends. It drives by the kinematic bicycle model, in coordinates
 * along the road; the picture is taken from behind it.
 */
export class Highway implements World {
  readonly facts = FACTS;
  readonly #actions = FACTS.actions as ContinuousActions;
  readonly #canvas: Canvas;
  readonly #view = new HighwayView();
  readonly #traffic = new Traffic();
  #seed = 0;
  #episode = 0;
  #road = new Road(0, 0);
  /** Place along the road, distance to the left of its middle (m), angle to it (rad, positive to the left), speed (m/s). */
  readonly #own = { place: 0, left: 0, angle: 0, speed: 0 };
  #steps = 0;
  readonly #result = { reward: 0, terminated: false, truncated: false, success: false };

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
  }

  reset(seed: number, episode: number): void {
    this.#seed = seed;
    this.#episode = episode;
    this.#road = new Road(seed, episode);
    const lane = random(seed, episode).integer(LANES);
    Object.assign(this.#own, { place: 0, left: laneMiddle(lane), angle: 0, speed: START_SPEED });
    this.#traffic.reset(seed, episode, lane);
    this.#steps = 0;
    this.#draw();
  }

  step(actions: ArrayLike<number>, at = 0): WorldStep {
    const steering = this.#clipped(actions[at]!, 0);
    const throttle = this.#clipped(actions[at + 1]!, 1);
    const before = this.#own.place;
    for (let substep = 0; substep < SUBSTEPS; substep++) {
      this.#drive(steering, throttle, this.facts.controlPeriod / SUBSTEPS);
    }
    this.#traffic.step(this.#road, this.#own, this.facts.controlPeriod);
    this.#steps += 1;
    const result = this.#result;
    result.reward = (this.#own.place - before) / (FASTEST * this.facts.controlPeriod);
    result.terminated = this.#collides();
    result.truncated = this.#steps >= this.facts.limit;
    result.success = result.truncated && !result.terminated;
    this.#draw();
    return result;
  }

  /** Part of the episode that is driven. */
  progress(): number {
    return this.#steps / this.facts.limit;
  }

  segmentation(into: Uint8Array): void {
    for (let pixel = 0; pixel < into.length; pixel++) into[pixel] = this.#view.label(pixel);
  }

  /** Seed, episode, steps, the car's own state, then the traffic's. */
  save(): Float64Array {
    const { place, left, angle, speed } = this.#own;
    return Float64Array.of(this.#seed, this.#episode, this.#steps, place, left, angle, speed, ...this.#traffic.save());
  }

  restore(saved: Float64Array): void {
    const [seed, episode, steps, place, left, angle, speed] = saved;
    this.#seed = seed!;
    this.#episode = episode!;
    this.#road = new Road(seed!, episode!);
    this.#steps = steps!;
    Object.assign(this.#own, { place, left, angle, speed });
    this.#traffic.restore(saved.subarray(7));
    this.#draw();
  }

  #clipped(value: number, i: number): number {
    if (!Number.isFinite(value)) throw new Error(`${this.#actions.names[i]}: ${value}: expected a finite number`);
    return Math.min(Math.max(value, this.#actions.low[i]!), this.#actions.high[i]!);
  }

  #drive(steering: number, throttle: number, period: number): void {
    const own = this.#own;
    const curvature = this.#road.curvature(own.place);
    const along = (own.speed * Math.cos(own.angle)) / (1 - curvature * own.left);
    own.place += period * along;
    own.left += period * own.speed * Math.sin(own.angle);
    own.angle += period * ((own.speed * Math.tan(steering)) / WHEELBASE - curvature * along);
    own.speed = Math.max(0, own.speed + period * (throttle - DRAG * own.speed));
  }

  /** True where the car touches a rail or another car. */
  #collides(): boolean {
    const { place, left, angle } = this.#own;
    const [sine, cosine] = [Math.abs(Math.sin(angle)), Math.abs(Math.cos(angle))];
    // Half of what the turned car covers along and across the road.
    const along = (CAR_LENGTH * cosine + CAR_WIDTH * sine) / 2;
    const across = (CAR_LENGTH * sine + CAR_WIDTH * cosine) / 2;
    if (Math.abs(left) + across > RAIL) return true;
    return this.#traffic.cars.some((car) => {
      const [ahead, beside] = [car.place - place, laneMiddle(car.lane) - left];
      if (Math.abs(ahead) > along + CAR_LENGTH / 2 || Math.abs(beside) > across + CAR_WIDTH / 2) return false;
      // Boxes are apart only where an axis of one of them parts them; here those of the turned car.
      const own = ahead * Math.cos(angle) + beside * Math.sin(angle);
      const side = beside * Math.cos(angle) - ahead * Math.sin(angle);
      return Math.abs(own) <= along + CAR_LENGTH / 2 && Math.abs(side) <= across + CAR_WIDTH / 2;
    });
  }

  #draw(): void {
    this.#view.draw(this.#road, this.#own, this.#traffic.cars);
    const { data, offset, column, row, channel } = this.#canvas;
    const { rgb, width, height } = this.#view.raster;
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
