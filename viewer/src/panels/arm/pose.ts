import { type Object3D, type PerspectiveCamera, Quaternion, type Vector3 } from "three";
import type { TfMessage } from "#src/messages/types.js";

export type Pose = TfMessage["transforms"][number];

/** Puts an object where a transform says. */
export function place(object: Object3D, { transform }: Pose): void {
  const { translation, rotation } = transform;
  object.position.set(translation.x, translation.y, translation.z);
  object.quaternion.copy(new Quaternion(rotation.x, rotation.y, rotation.z, rotation.w));
}

/** Where a point of the scene is in a picture of this size, in the size's unit. */
export function pointOf(
  position: Vector3,
  camera: PerspectiveCamera,
  { width, height }: { readonly width: number; readonly height: number },
): readonly [number, number] {
  camera.updateMatrixWorld();
  const { x, y } = position.clone().project(camera);
  return [((x + 1) / 2) * width, ((1 - y) / 2) * height];
}
