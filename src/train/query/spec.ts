/** A convolution with biases, followed by a ReLU. */
interface QueryConvolution {
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zeros above and below, and at the left and right; default none. */
  readonly padding?: readonly [rows: number, columns: number];
}

/** Layers of a network that queries what it sees (Mott et al. 2019; Lovering et al. 2019). */
export interface QueryLayers {
  readonly convolutions: readonly QueryConvolution[];
  /** Channels of the convolutional LSTM behind them, and its kernel: `keys` of them are keys, the others values. */
  readonly memory: number;
  readonly memoryKernel: number;
  readonly keys: number;
  /** Frequencies of the spatial basis, down and across; it has as many channels as pairs of them. */
  readonly frequencies: readonly [rows: number, columns: number];
  readonly queries: number;
  /** Hidden layers of the query network, each followed by a ReLU. */
  readonly queryHidden: readonly number[];
  /** Hidden layer of the answer network, followed by a ReLU, and its outputs. */
  readonly answer: readonly [hidden: number, outputs: number];
  /** Units of the LSTM that the policy and the value read. */
  readonly core: number;
}

/** Images, the last action and its reward in, a policy and a value out. */
export interface QuerySpec extends QueryLayers {
  /** Image, pixels; channels of all its frames. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Numbers of an action. */
  readonly actions: number;
}

/** The network of the paper, for images of any size: 27 × 20 places of 210 × 160 pixels. */
export const PAPER_LAYERS: QueryLayers = {
  convolutions: [
    { filters: 32, kernel: 8, stride: 4, padding: [1, 2] },
    { filters: 64, kernel: 4, stride: 2, padding: [2, 1] },
  ],
  memory: 128,
  memoryKernel: 3,
  keys: 8,
  frequencies: [8, 8],
  queries: 4,
  queryHidden: [128, 288],
  answer: [512, 256],
  core: 256,
};

/** Rows and columns of the places that a network looks at. */
export function placesOf({ convolutions, height, width }: QuerySpec): readonly [rows: number, columns: number] {
  let [rows, columns] = [height, width];
  for (const { kernel, stride, padding = [0, 0] } of convolutions) {
    rows = Math.floor((rows + 2 * padding[0] - kernel) / stride) + 1;
    columns = Math.floor((columns + 2 * padding[1] - kernel) / stride) + 1;
  }
  return [rows, columns];
}

/** Channels of the spatial basis. */
export const basisChannels = ({ frequencies: [rows, columns] }: QueryLayers): number => rows * columns;

/** Numbers of a key, or of a query, and of a value. */
export const keyLength = (layers: QueryLayers): number => layers.keys + basisChannels(layers);
export const valueLength = (layers: QueryLayers): number => layers.memory - layers.keys + basisChannels(layers);
