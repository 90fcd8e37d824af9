import type { OwnService } from "../client/ros.js";

/** srv/SetMethod.srv: a string in, success and message out. The request's string arrives as `data`. */
export const SET_METHOD: OwnService = {
  name: "torquelens/srv/SetMethod",
  request: "std_msgs/msg/String",
  responseOf: "std_srvs/srv/Trigger",
};

/** srv/SetTorque.srv, with the same field types. */
export const SET_TORQUE: OwnService = {
  name: "torquelens/srv/SetTorque",
  request: "std_msgs/msg/String",
  responseOf: "std_srvs/srv/Trigger",
};
