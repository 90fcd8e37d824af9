/**
 * What one input may take at most, whoever made it: a few bytes of a file can ask for any amount of memory or time.
 * Options, parameters and keys of the card have their limits where they are declared.
 */
export const LIMITS = {
  /** Bytes of a chunk or a message of a recording, unpacked; of all chunks that are read at the same time; of an image. */
  unpacked: 256e6,
  /** Bytes that a chunk or a message may unpack to however small it is; one of more, to 100 times its packed size. */
  unpackedAny: 64e6,
  /** Bytes of all constants of a small model that are computed from other constants, 8 an element. */
  constants: 128e6,
  /** Elements of all windows of a pool together, of one channel: the relevance pass holds them at once. */
  windows: 1e8,
  /** Messages and other records of one chunk. */
  records: 1_000_000,
  /** Steps of the physics in one control period, and of other counts within a control step or an episode. */
  steps: 100_000,
  /** Simulated seconds per second, unless as fast as possible (0): a slower simulation has no next step. */
  speed: [1e-6, 1000],
} as const;

/** A size in bytes for messages: three digits, of decimal units. */
export function bytesText(bytes: number): string {
  const unit = bytes >= 1e9 ? 1e9 : bytes >= 1e6 ? 1e6 : 1e3;
  const name = { 1e9: "GB", 1e6: "MB", 1e3: "kB" }[unit];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}
