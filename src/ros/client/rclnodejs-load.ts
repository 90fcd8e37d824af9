import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "../../errors.js";
import { packageUrl } from "../../package-files.js";
import type { Rclnodejs } from "./rclnodejs-types.js";

/**
 * Loads rclnodejs from `ros/`, where the package's build puts it, else from node_modules.
 * @throws InputError where ROS 2 or the middleware that `RMW_IMPLEMENTATION` names is missing, or rclnodejs is missing
 *   or does not load
 */
export async function loadRclnodejs(): Promise<Rclnodejs> {
  if (!process.env.AMENT_PREFIX_PATH)
    throw new InputError("no ROS 2 is sourced: source its setup.bash first (/opt/ros/DISTRIBUTION/setup.bash)");
  const refusal = middlewareRefusal(process.env.AMENT_PREFIX_PATH, process.env.RMW_IMPLEMENTATION);
  if (refusal !== undefined) throw new InputError(refusal);
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

const INDEX = "share/ament_index/resource_index/rmw_typesupport";
/** In the index beside the middlewares, but only chooses one of them. */
const CHOOSER = "rmw_implementation";

/**
 * Why a middleware cannot be loaded; undefined where it can, or where no prefix has an index to tell. rcl itself ends or
 * aborts the process.
 */
export function middlewareRefusal(prefixes: string, middleware: string | undefined): string | undefined {
  if (!middleware) return undefined;
  const installed = new Set(prefixes.split(delimiter).flatMap((prefix) => namesIn(join(prefix, INDEX))));
  installed.delete(CHOOSER);
  if (installed.size === 0 || installed.has(middleware)) return undefined;
  const known = [...installed].sort().join(", ");
  return `RMW_IMPLEMENTATION: found ${middleware}, which is not installed, expected one of ${known}`;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
