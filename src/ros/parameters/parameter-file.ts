import { type Changeable, expected, type Spec, type Table, type Value } from "../../parameters/spec.js";

const WHEN: Readonly<Record<Exclude<Changeable, "never">, string>> = {
  always: "at any time",
  unconfigured: "while the node is unconfigured",
  start: "at start",
};

const HEADER = `# Every parameter of the nodes of torquelens with its default. Copy it, keep what you change, and give it with
#   ros2 launch torquelens explain.launch.py params_file:=FILE
#   ros2 run torquelens explain_node --ros-args --params-file FILE
# The key is a node's name: torquelens in whatever namespace, /arm/torquelens, /arm/*, or /** for every node.
# Quality of service of any topic: "qos_overrides./camera/image.subscription.reliability": reliable
# (subscription or publisher; reliability, durability or depth).
# Values that no sensor gives (modalities of quantity "other" in the policy card), by modality: values.goal: [0.1, 0.2]
`;

/** An example parameter file: every parameter that can be set of every node, with its default, its type and range. */
export function parameterFileOf(nodes: Readonly<Record<string, Table>>): string {
  const sections = Object.entries(nodes).map(([name, table]) => {
    const entries = Object.entries(table).flatMap(([parameter, spec]) => {
      if (spec.changeable === "never") return [];
      const about = `# ${spec.description}`;
      const takes = `# ${expected(spec)}; set ${WHEN[spec.changeable]}`;
      return [about, takes, `${parameter}: ${written(spec)}`].map((line) => `    ${line}`).join("\n");
    });
    return `${name}:\n  ros__parameters:\n${entries.join("\n\n")}\n`;
  });
  return [HEADER, ...sections].join("\n");
}

/** The default in the form that ROS 2 reads as the parameter's type. */
function written(spec: Spec): string {
  const value: Value = spec.default;
  if (spec.type === "double") return Number.isInteger(value) ? `${value as number}.0` : String(value);
  return JSON.stringify(value);
}
