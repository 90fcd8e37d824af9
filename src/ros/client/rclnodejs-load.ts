import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../../errors.js";
import { packageUrl } from "../../package-files.js";
import type { Rclnodejs } from "./rclnodejs-types.js";

/**
 * Loads rclnodejs from `ros/`, where the package's build puts it, else from node_modules.
 * @throws InputError where ROS 2 is not sourced, or rclnodejs is missing or does not load
 */
export async function loadRclnodejs(): Promise<Rclnodejs> {
  if (!process.env.AMENT_PREFIX_PATH)
    throw new InputError("no ROS 2 is sourced: source its setup.bash first (/opt/ros/DISTRIBUTION/setup.bash)");
  let folder: string;
  try {
    const near = createRequire(packageUrl("ros/package.json"));
    folder = dirname(near.resolve("rclnodejs/package.json"));
  } catch {
    throw new InputError(
      "rclnodejs is not installed: with ROS 2 sourced, build the package (colcon build), or run npm run build:ros",
    );
  }
  try {
    const module: { default: Rclnodejs } = await import(pathToFileURL(join(folder, "dist/index.js")).href);
    return module.default;
  } catch (error) {
    throw new InputError(
      `rclnodejs does not load (was it built for another ROS 2 or Node.js?): ${(error as Error).message}`,
    );
  }
}
