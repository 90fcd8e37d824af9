/** A device to ask for. `auto` is the first of cuda and cpu that works. */
export const DEVICES = ["cpu", "cuda", "webgpu", "auto"] as const;
export type Device = (typeof DEVICES)[number];
/** The device in use. */
export type DeviceInUse = Exclude<Device, "auto">;
