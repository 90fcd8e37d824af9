import type { Command } from "commander";
import type { DoctorOptions } from "../commands/doctor.js";
import { cardOption, msgPathOption, POLICY, shapeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", POLICY)
    .argument("[bag]", "recording of the robot: MCAP, .db3, a rosbag2 folder or a LeRobot data set")
    .addOption(cardOption())
    .addOption(shapeOption())
    .addOption(msgPathOption())
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExit code 1 where a fault is found.")
    .action(async (policy: string, bag: string | undefined, options: DoctorOptions) =>
      (await import("../commands/doctor.js")).doctor(policy, bag, options),
    );
}
