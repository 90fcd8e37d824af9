import type { PlainJoint, PlainLink } from "../../arm/robots.js";

/** The robot as MJCF: fixed angles in radians, followers by equality constraints. Links without inertia have none. */
export function mjcfOf(root: PlainLink): string {
  const equalities: string[] = [];
  const numbers = (values: readonly number[]) => values.join(" ");
  const jointOf = ({ name, type, axis, damping, limit, mimic }: PlainJoint): string => {
    if (type === "fixed") return "";
    if (mimic)
      equalities.push(
        `<joint joint1="${name}" joint2="${mimic.joint}" polycoef="${mimic.offset} ${mimic.multiplier} 0 0 0"/>`,
      );
    const range = /lower="([^"]*)" upper="([^"]*)"/.exec(limit);
    const limited = type !== "continuous" && range ? `range="${range[1]} ${range[2]}"` : "";
    return `<joint name="${name}" type="${type === "prismatic" ? "slide" : "hinge"}" axis="${numbers(axis)}" damping="${damping}" ${limited}/>`;
  };
  const inside = ({ mass, centre, turned, inertia }: PlainLink): string =>
    mass === undefined
      ? ""
      : `<inertial pos="${numbers(centre!)}" euler="${numbers(turned!)}" mass="${mass}" diaginertia="${numbers(inertia!.slice(0, 3))}"/>`;
  const body = (joint: PlainJoint): string =>
    `<body name="${joint.link.name}" pos="${numbers(joint.xyz)}" euler="${numbers(joint.rpy)}">` +
    `${jointOf(joint)}${inside(joint.link)}${joint.link.joints.map(body).join("")}</body>`;
  const tree = root.joints.map(body).join("");
  return (
    `<mujoco><compiler angle="radian" eulerseq="XYZ" autolimits="true"/><worldbody><body name="${root.name}">${tree}</body></worldbody>` +
    `<equality>${equalities.join("")}</equality></mujoco>`
  );
}
