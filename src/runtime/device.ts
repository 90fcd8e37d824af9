/** What a session computes on. `auto` is the first of cuda and cpu that works. */
export const DEVICES = ["cpu", "cuda", "webgpu", "auto"] as const;
export type Device = (typeof DEVICES)[number];
/** What a session ended up on. */
export type DeviceInUse = Exclude<Device, "auto">;
