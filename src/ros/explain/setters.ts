import type { Parameters } from "../../parameters/parameters.js";
import type { OwnService } from "../client/ros.js";
import type { EXPLAIN_PARAMETERS } from "../parameters/explain-parameters.js";
import { SET_METHOD, SET_TORQUE } from "./service-types.js";

/** A service that sets one parameter. */
export interface Setter {
  /** Last part of the service's name. */
  readonly name: string;
  readonly type: OwnService;
  /** Field of the request in `srv/`; to ROS 2 the request is a `std_msgs/msg/String` with the field `data`. */
  readonly field: string;
  set(value: unknown): Promise<{ readonly success: boolean; readonly message: string }>;
}

/** The services that set a parameter, of ROS 2 and of the live socket. */
export function setters(parameters: Parameters<typeof EXPLAIN_PARAMETERS>): readonly Setter[] {
  const setter = (
    name: string,
    type: OwnService,
    [field, parameter]: readonly [string, string],
    done: (value: string) => string,
    also: readonly (readonly [parameter: string, value: string])[] = [],
  ): Setter => ({
    name,
    type,
    field,
    set: async (value) => {
      const refusal = await parameters.set(new Map([[parameter, value], ...also]));
      return { success: refusal === undefined, message: refusal ?? done(String(value)) };
    },
  });
  return [
    setter("set_method", SET_METHOD, ["method", "method"], (method) => `method ${method}`),
    setter(
      "set_torque",
      SET_TORQUE,
      ["joint", "heatmap_joint"],
      (joint) => `heatmaps explain ${joint === "" ? "all together" : joint}`,
      [
        ["contrast_joint", ""],
        ["against_joint", ""],
      ],
    ),
  ];
}
