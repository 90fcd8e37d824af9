import type { EpisodeKind } from "./task.js";

/** How policies learn a task: plain data, read by `train`. */
export interface Lesson {
  /** Image points that the feature points learn to find, by name, in this order. */
  readonly landmarks: readonly string[];
  /** Recipes by name. An algorithm's usual recipe has the algorithm's name. */
  readonly recipes: Readonly<Record<string, Recipe>>;
}

/** Everything that decides the result of a training, except the seed. The algorithm's own settings stand under its name. */
export type Recipe = BaseRecipe & { readonly [algorithm: string]: unknown };

/** The part of a recipe that all algorithms share: the network, and the pose warm-up of its convolutions. */
export interface BaseRecipe {
  /** Name of the training algorithm. */
  readonly algorithm: string;
  /** The training's episodes. */
  readonly episodes: EpisodeKind;
  readonly spec: NetworkSpec;
  readonly workers: number;
  /** Feature points for each of the lesson's landmarks, in their order. */
  readonly landmarkChannels: readonly number[];
  /** Factor on the third convolution's He weights: the softmax temperature at the start. */
  readonly sharpness: number;
  /** Pose warm-up: samples of a worker's step; with 0 steps the convolutions stay random (the control). */
  readonly vision: {
    readonly batch: number;
    readonly steps: number;
    readonly rate: number;
    /** Weight of the terms that make every feature map sharp at its landmark; with 0 the pose alone is learned. */
    readonly sharpen: number;
    /** Width of the target blob, cells. */
    readonly blob: number;
    /** Weight of a feature map's spread: its expected squared distance from its landmark, cells². */
    readonly spread: number;
    /** Weight of the position error: the first value, rising to the second over the last 60 % of the steps. */
    readonly precision: readonly [first: number, last: number];
    /** More steps at a lower rate, at the last precision; default none. */
    readonly settle?: { readonly steps: number; readonly rate: number };
  };
  /** Without it the convolutions stay as the warm-up leaves them. */
  readonly endToEnd?: EndToEnd;
}

/** Training of all layers from the pixels on, instead of the fully connected layers alone (Levine et al. 2016). */
export interface EndToEnd {
  /** The first round that does so. */
  readonly from: number;
  /** Samples of a worker's step. */
  readonly batch: number;
  readonly steps: number;
  /** Steps of the last round. */
  readonly finalSteps: number;
  readonly rate: number;
  /**
   * After each fit of all layers, one of the fully connected layers alone: it is so cheap that it can be long. The feature
   * points are found again before it. Left out, there is none.
   */
  readonly refit?: { readonly steps: number; readonly finalSteps: number; readonly rate: number };
}

/**
 * A network of Levine's type (Levine et al. 2016): three convolutions, spatial soft-argmax, the feature points beside
 * the configuration, two hidden layers, linear torques.
 */
export interface NetworkSpec {
  /** Camera image, pixels. */
  readonly width: number;
  readonly height: number;
  /** Channels of the three convolutions; the last is the number of feature points, but where the network asks queries. */
  readonly channels: readonly [number, number, number];
  /** Odd kernel sizes; the first convolution has stride 2 and no padding, the others keep the size. */
  readonly kernels: readonly [number, number, number];
  /** Elements of the configuration input. */
  readonly configuration: number;
  readonly hidden: readonly [number, number];
  readonly torques: number;
  /** Attention as a part of the network, whose maps the policy puts out; without it there is none. */
  readonly attention?: ArmAttention;
}

export type ArmAttention = SaliencyAttention | QueryAttention;

/**
 * Free-Lunch Saliency (Nikulin et al. 2019): the second convolution's features are multiplied by a map over places, which
 * two convolutions compute from them.
 */
interface SaliencyAttention {
  readonly kind: "fls";
  readonly filters: number;
  /** Of both convolutions. */
  readonly kernel: number;
}

/**
 * Queries (after Mott et al. 2019): of the third convolution's channels the first `keys` are keys and the others values; a
 * query that follows from the arm's pose has a softmax over places of query · key. Its feature point is the mean of the
 * places' positions with these weights, and the values' mean goes to the hidden layers beside it.
 */
export interface QueryAttention {
  readonly kind: "query";
  readonly queries: number;
  readonly keys: number;
  /** Of the fixed spatial basis behind the keys, down and across. */
  readonly frequencies: readonly [rows: number, columns: number];
  /** Elements at the configuration's beginning that the queries follow from. */
  readonly told: number;
  /** Units of the query network's hidden layer. */
  readonly hidden: number;
}
