import type { OwnService } from "../client/ros.js";

/** srv/SetMethod.srv: a string in, whether and what out. The request's text comes as `data`. */
export const SET_METHOD: OwnService = {
  name: "torquelens/srv/SetMethod",
  request: "std_msgs/msg/String",
  responseOf: "std_srvs/srv/Trigger",
};

/** srv/SetTorque.srv, of the same fields. */
export const SET_TORQUE: OwnService = {
  name: "torquelens/srv/SetTorque",
  request: "std_msgs/msg/String",
  responseOf: "std_srvs/srv/Trigger",
};
