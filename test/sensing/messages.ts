import type {
  CameraInfoMessage,
  Header,
  ImageMessage,
  JointStateMessage,
  TransformStamped,
} from "#src/messages/types.js";

/** A header stamped `stamp` nanoseconds. */
export const header = (stamp = 0n, frame_id = "camera"): Header => ({
  stamp: { sec: Number(stamp / 1_000_000_000n), nanosec: Number(stamp % 1_000_000_000n) },
  frame_id,
});

/** A raw image; `step` without padding, little-endian, unless told otherwise. */
export function rawImage(
  encoding: string,
  width: number,
  height: number,
  data: Uint8Array,
  rest: Partial<ImageMessage> = {},
): ImageMessage {
  return { header: header(), encoding, width, height, step: data.length / height, is_bigendian: 0, data, ...rest };
}

export function jointState(
  stamp: bigint,
  name: readonly string[],
  position: readonly number[],
  velocity: readonly number[] = [],
  effort: readonly number[] = [],
): JointStateMessage {
  return {
    header: header(stamp, ""),
    name: [...name],
    position: Float64Array.from(position),
    velocity: Float64Array.from(velocity),
    effort: Float64Array.from(effort),
  };
}

export function transform(
  stamp: bigint,
  parent: string,
  child: string,
  [x, y, z]: readonly [number, number, number],
  [qx, qy, qz, qw]: readonly [number, number, number, number] = [0, 0, 0, 1],
): TransformStamped {
  return {
    header: header(stamp, parent),
    child_frame_id: child,
    transform: { translation: { x, y, z }, rotation: { x: qx, y: qy, z: qz, w: qw } },
  };
}

export function cameraInfo(rest: Partial<CameraInfoMessage> = {}): CameraInfoMessage {
  return {
    header: header(),
    width: 640,
    height: 480,
    distortion_model: "plumb_bob",
    d: Float64Array.of(0.1, -0.2, 0.001, 0.002, 0.05),
    k: Float64Array.of(500, 0, 319.5, 0, 510, 239.5, 0, 0, 1),
    r: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
    p: Float64Array.of(505, 0, 321, -30, 0, 515, 241, 0, 0, 0, 1, 0),
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: false },
    ...rest,
  };
}
