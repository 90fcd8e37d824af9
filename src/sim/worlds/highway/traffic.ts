import { random } from "../../random.js";
import { LANE_WIDTH, LANES, laneMiddle, type Road } from "./road.js";

/** Size of every car, metres. */
export const CAR_LENGTH = 4.5;
export const CAR_WIDTH = 1.8;

export const CARS = 15;

/** A car: place along the road (m), lane, speed and the speed that it would like (m/s). */
export interface Car {
  place: number;
  lane: number;
  speed: number;
  desired: number;
}

/** The car that is driven, as the traffic sees it: place along the road and distance to the left of its middle, m; m/s. */
export interface Driven {
  readonly place: number;
  readonly left: number;
  readonly speed: number;
}

/** Speeds that cars would like, m/s, in the right, middle and left lane. */
const DESIRED: readonly (readonly [low: number, high: number])[] = [
  [14, 17],
  [16, 20],
  [19, 23],
];

/** Gaps between new cars, metres. */
const GAP = [25, 60] as const;
/** A car further behind than this comes again in front, and one further ahead comes again behind; metres. */
const [BEHIND, AHEAD] = [70, 230];
/** Distance in front and behind at which cars come again at least. */
const [NEW_AHEAD, NEW_BEHIND] = [160, 50];

// The intelligent driver model (Treiber, Hennecke & Helbing 2000).
const ACCELERATION = 1.5;
const BRAKING = 2;
const HEADWAY = 1.2;
const STANDSTILL = 3;
const HARDEST = -6;

/** Other cars: each keeps its lane and its distance. */
export class Traffic {
  readonly cars: readonly Car[] = Array.from({ length: CARS }, () => ({ place: 0, lane: 0, speed: 0, desired: 0 }));
  #seed = 0;
  #episode = 0;
  /** Number of cars that came again. */
  #returns = 0;

  /** Spreads the cars over the lanes, around a car that starts at place 0 in a lane. */
  reset(seed: number, episode: number, ownLane: number): void {
    this.#seed = seed;
    this.#episode = episode;
    this.#returns = 0;
    const numbers = random(seed, episode, 2);
    const next = Array.from({ length: LANES }, () => numbers.between(-NEW_BEHIND, -NEW_BEHIND / 2));
    this.cars.forEach((car, i) => {
      car.lane = i % LANES;
      const gap = numbers.between(...GAP);
      // Room around the car that is driven.
      const isNear = car.lane === ownLane && Math.abs(next[car.lane]!) < GAP[0];
      car.place = isNear ? GAP[0] + numbers.between(0, 10) : next[car.lane]!;
      next[car.lane] = car.place + CAR_LENGTH + gap;
      car.desired = numbers.between(...DESIRED[car.lane]!);
      car.speed = car.desired;
    });
  }

  /** Drives for a period, seconds. */
  step(road: Road, driven: Driven, period: number): void {
    for (const car of this.cars) {
      car.speed = Math.max(0, car.speed + period * this.#acceleration(car, driven));
    }
    for (const car of this.cars) {
      car.place += (period * car.speed) / (1 - road.curvature(car.place) * laneMiddle(car.lane));
      const ahead = car.place - driven.place;
      if (ahead < -BEHIND || ahead > AHEAD) this.#comeAgain(car, driven, ahead < 0 ? 1 : -1);
    }
  }

  save(): number[] {
    const cars = this.cars.flatMap(({ place, lane, speed, desired }) => [place, lane, speed, desired]);
    return [this.#seed, this.#episode, this.#returns, ...cars];
  }

  restore(saved: ArrayLike<number>): void {
    this.#seed = saved[0]!;
    this.#episode = saved[1]!;
    this.#returns = saved[2]!;
    this.cars.forEach((car, i) => {
      car.place = saved[4 * i + 3]!;
      car.lane = saved[4 * i + 4]!;
      car.speed = saved[4 * i + 5]!;
      car.desired = saved[4 * i + 6]!;
    });
  }

  #acceleration(car: Car, driven: Driven): number {
    let gap = Number.POSITIVE_INFINITY;
    let leader = 0;
    for (const other of this.cars) {
      const distance = other.place - car.place;
      if (other.lane !== car.lane || distance <= 0 || distance >= gap) continue;
      gap = distance;
      leader = other.speed;
    }
    const distance = driven.place - car.place;
    const isInLane = Math.abs(driven.left - laneMiddle(car.lane)) < (LANE_WIDTH + CAR_WIDTH) / 2;
    if (isInLane && distance > 0 && distance < gap) {
      gap = distance;
      leader = driven.speed;
    }
    const free = 1 - (car.speed / car.desired) ** 4;
    const wanted =
      STANDSTILL +
      Math.max(0, car.speed * HEADWAY + (car.speed * (car.speed - leader)) / (2 * Math.sqrt(ACCELERATION * BRAKING)));
    const room = Math.max(0.1, gap - CAR_LENGTH);
    return Math.max(HARDEST, ACCELERATION * (free - (wanted / room) ** 2));
  }

  /** Puts a car beyond all others of its lane, in front (1) or behind (−1). */
  #comeAgain(car: Car, driven: Driven, side: 1 | -1): void {
    const numbers = random(this.#seed, this.#episode, 3, this.#returns);
    this.#returns += 1;
    let place = driven.place + (side > 0 ? NEW_AHEAD : -NEW_BEHIND);
    for (const other of this.cars) {
      if (other === car || other.lane !== car.lane) continue;
      place = side > 0 ? Math.max(place, other.place) : Math.min(place, other.place);
    }
    car.place = place + side * (CAR_LENGTH + numbers.between(...GAP));
    car.desired = numbers.between(...DESIRED[car.lane]!);
    car.speed = car.desired;
  }
}
