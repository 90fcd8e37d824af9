// Writes launch/params.yaml, the example of every parameter: node scripts/params.js
import { writeFileSync } from "node:fs";
import { NODES, PARAMETER_FILE } from "#src/ros/parameters/nodes.js";
import { parameterFileOf } from "#src/ros/parameters/parameter-file.js";

writeFileSync(PARAMETER_FILE, parameterFileOf(NODES));
