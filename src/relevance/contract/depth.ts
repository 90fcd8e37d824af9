/**
 * How deep relevance is followed: only to where the image's features join (`shares`), to the α-weighted heatmap
 * (`heatmap`, what a live view needs), to every channel of every pixel (`full`), or to the heatmap of each torque
 * (`per-torque`).
 */
export type Depth = "shares" | "heatmap" | "full" | "per-torque";
