import { once } from "node:events";
import { Warnings } from "../../health/warnings.js";
import { loadPolicy } from "../../policy/policy.js";
import { rosArguments } from "../../ros/client/arguments.js";
import { RosClock } from "../../ros/client/clock.js";
import { openNode } from "../../ros/client/rclnodejs.js";
import { ExplainNode } from "../../ros/explain/explain-node.js";
import { EXPLAIN_PARAMETERS } from "../../ros/parameters/explain-parameters.js";
import { EXPLAIN_NODE } from "../../ros/parameters/nodes.js";
import { givenQos, QosOverrides } from "../../ros/parameters/qos-overrides.js";
import { givenValuesTable } from "../../ros/parameters/values-parameters.js";
import { goodRunsOf } from "../input/good-runs.js";
import { methodOf } from "../input/method.js";
import { givenFor, parametersOf } from "../input/ros-parameters.js";

/** Runs the node that explains until `signal` aborts. @throws InputError for arguments or parameters that are wrong */
export async function runNode(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const given = rosArguments(argv);
  const ros = await openNode({ name: EXPLAIN_NODE, args: given.passed });
  try {
    const overrides = await givenFor(ros, given);
    const ofTopics = givenQos(overrides);
    const parameters = parametersOf(
      ros,
      { ...EXPLAIN_PARAMETERS, ...ofTopics, ...givenValuesTable(overrides) },
      overrides,
    );
    const explaining = new ExplainNode({
      ros,
      parameters,
      clock: new RosClock(ros),
      qos: new QosOverrides(Object.keys(ofTopics), (name) => parameters.value(name)),
      warnings: new Warnings({ warn: (line) => ros.log("warn", line), now: () => performance.now() }),
      loadPolicy: (path, card) => loadPolicy(path, { card }),
      methodOf,
      goodRunsOf,
    });
    if (!signal.aborted) {
      void explaining.start();
      await once(signal, "abort");
    }
    await explaining.close();
  } finally {
    ros.close();
  }
}
