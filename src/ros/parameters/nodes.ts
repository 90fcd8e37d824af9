import { packageUrl } from "../../package-files.js";
import type { Table } from "../../parameters/spec.js";
import { EXPLAIN_PARAMETERS } from "./explain-parameters.js";
import { SIM_PARAMETERS } from "./sim-parameters.js";

/** Default names of the nodes. */
export const EXPLAIN_NODE = "torquelens";
export const SIM_NODE = "torquelens_sim";

/** The nodes of this package and their parameters. */
export const NODES: Readonly<Record<string, Table>> = {
  [EXPLAIN_NODE]: EXPLAIN_PARAMETERS,
  [SIM_NODE]: SIM_PARAMETERS,
};

/** The generated example file with every parameter. */
export const PARAMETER_FILE = packageUrl("launch/params.yaml");
