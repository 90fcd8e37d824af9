import { compileEncoder } from "../../messages/cdr.js";
import { messageType } from "../../messages/definitions.js";
import { QOS } from "../../messages/qos.js";
import type { Answer, Fields, RosNode } from "../client/ros.js";
import { type Described, GRAPH, Lifecycle, type Managed, STATES, type Step } from "./lifecycle.js";

const EVENT = "lifecycle_msgs/msg/TransitionEvent";

const toDescription = ({ transition, start, goal }: Described) => ({
  transition,
  start_state: start,
  goal_state: goal,
});

/** Offers the services of `ros2 lifecycle` for a managed node, and publishes an event for every transition. */
export function serveLifecycle(ros: RosNode, managed: Managed): { readonly lifecycle: Lifecycle; close(): void } {
  const events = ros.publisher(EVENT, "~/transition_event", QOS.reliable);
  const encode = compileEncoder(messageType(EVENT));
  const lifecycle = new Lifecycle(managed, (move) => {
    const timestamp = ros.systemTime();
    events.publish(encode({ timestamp, ...toDescription(move) }));
  });
  const answers: Readonly<Record<string, readonly [type: string, Answer]>> = {
    change_state: [
      "ChangeState",
      async ({ transition }) => {
        const { id, label } = transition as Fields;
        // A label takes precedence over the number, as in rcl.
        const asked = label === "" ? Number(id) : (String(label) as Step);
        return { success: await lifecycle.change(asked) };
      },
    ],
    get_state: ["GetState", () => ({ current_state: STATES[lifecycle.state] })],
    get_available_states: ["GetAvailableStates", () => ({ available_states: Object.values(STATES) })],
    get_available_transitions: [
      "GetAvailableTransitions",
      () => ({ available_transitions: lifecycle.available.map(toDescription) }),
    ],
    get_transition_graph: ["GetAvailableTransitions", () => ({ available_transitions: GRAPH.map(toDescription) })],
  };
  const services = Object.entries(answers).map(([name, [type, answer]]) =>
    ros.service(`lifecycle_msgs/srv/${type}`, `~/${name}`, answer),
  );
  return {
    lifecycle,
    close() {
      for (const service of services) service.close();
      events.close();
    },
  };
}
