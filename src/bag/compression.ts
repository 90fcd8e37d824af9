/** How an MCAP file's chunks are compressed. */
export const COMPRESSIONS = ["none", "zstd"] as const;
export type Compression = (typeof COMPRESSIONS)[number];
