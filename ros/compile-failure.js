const NEEDS = "it needs a C++ compiler, make and Python 3";

/** Why rclnodejs could not be compiled, from all that node-gyp printed: the compiler's first error, where there is one. */
export function compileFailure(output, distribution) {
  const [error] = /^.*\berror: .*$/m.exec(output) ?? [];
  if (error === undefined) return `rclnodejs could not be compiled: ${NEEDS}`;
  const isOfRos = /\b(rcl|rclc?pp|rmw|rcutils|rosidl)[_/]/.test(error.slice(error.indexOf("error: ")));
  const hint = `; the sourced ROS 2 (${distribution}) does not fit it: "Install" in docs/ros.md names the oldest rcl`;
  return `rclnodejs could not be compiled: ${error.trim()}${isOfRos ? hint : ""}`;
}
