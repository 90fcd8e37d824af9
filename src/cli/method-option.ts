import { Option } from "commander";

/** `--method`, the same for every command that explains. */
export const methodOption = (about = "how to explain"): Option =>
  new Option(
    "--method <method>",
    `${about}: a name, options after a colon, as in lrp-gamma:gamma=0.5 (torquelens methods lists them)`,
  ).default("dtd");
