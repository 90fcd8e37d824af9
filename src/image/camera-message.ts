/** The fields of sensor_msgs/Image that decoding reads. */
export interface RawImage {
  readonly header: { readonly frame_id: string };
  readonly height: number;
  readonly width: number;
  readonly encoding: string;
  readonly is_bigendian: number;
  readonly step: number;
  readonly data: Uint8Array;
}

/** The fields of sensor_msgs/CompressedImage that decoding reads. */
export interface CompressedImage {
  readonly header: { readonly frame_id: string };
  readonly format: string;
  readonly data: Uint8Array;
}

/** A compressed image as the raw one that image_transport makes of it. */
export interface Unpacked extends Omit<RawImage, "header"> {
  /** What its decoder warned of. */
  readonly fault?: string;
}
