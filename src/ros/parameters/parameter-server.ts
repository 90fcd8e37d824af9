import { compileEncoder } from "../../messages/cdr.js";
import { messageType } from "../../messages/definitions.js";
import { toTime } from "../../messages/robot.js";
import { own } from "../../own.js";
import type { Parameters } from "../../parameters/parameters.js";
import type { Table } from "../../parameters/spec.js";
import type { Answer, Fields, RosNode } from "../client/ros.js";
import { fromParameterValue, listed, TYPES, toDescriptor, toParameterValue } from "./parameter-messages.js";

const EVENT = "rcl_interfaces/msg/ParameterEvent";
const EVENT_QOS = { reliability: "reliable", durability: "volatile", depth: 1000 } as const;

/**
 * Offers the six parameter services of a ROS 2 node, and publishes an event for every change. The client library's own
 * server can neither give the reason of a refusal nor wait for a change to take effect.
 */
export function serveParameters<T extends Table>(ros: RosNode, parameters: Parameters<T>): { close(): void } {
  const specOf = (name: string) => own(parameters.table, name);
  const names = (request: Fields) => Array.from(request.names as Iterable<string>);
  const asked = (request: Fields): [string, unknown][] =>
    Array.from(request.parameters as Iterable<Fields>, (parameter) => {
      const name = String(parameter.name);
      return [name, fromParameterValue(specOf(name), parameter.value as Fields)];
    });
  const outcome = (reason: string | undefined) => ({ successful: reason === undefined, reason: reason ?? "" });

  const answers: Readonly<Record<string, readonly [type: string, Answer]>> = {
    list_parameters: [
      "ListParameters",
      ({ prefixes, depth }) => ({
        result: listed(Object.keys(parameters.table), Array.from(prefixes as Iterable<string>), Number(depth)),
      }),
    ],
    describe_parameters: [
      "DescribeParameters",
      (request) => ({ descriptors: names(request).map((name) => toDescriptor(name, specOf(name))) }),
    ],
    get_parameters: [
      "GetParameters",
      (request) => ({ values: names(request).map((name) => toParameterValue(specOf(name), parameters.value(name))) }),
    ],
    get_parameter_types: [
      "GetParameterTypes",
      (request) => ({ types: Uint8Array.from(names(request), (name) => TYPES[specOf(name)?.type ?? "not_set"]) }),
    ],
    set_parameters: [
      "SetParameters",
      async (request) => {
        const results: object[] = [];
        for (const change of asked(request)) results.push(outcome(await parameters.set(new Map([change]))));
        return { results };
      },
    ],
    set_parameters_atomically: [
      "SetParametersAtomically",
      async (request) => ({ result: outcome(await parameters.set(new Map(asked(request)))) }),
    ],
  };

  const services = Object.entries(answers).map(([name, [type, answer]]) =>
    ros.service(`rcl_interfaces/srv/${type}`, `~/${name}`, answer),
  );
  const events = ros.publisher(EVENT, "/parameter_events", EVENT_QOS);
  const encode = compileEncoder(messageType(EVENT));
  parameters.onChanged((changes) => {
    events.publish(
      encode({
        stamp: toTime(ros.systemTime()),
        node: ros.fullName,
        new_parameters: [],
        changed_parameters: [...changes].map(([name, value]) => ({
          name,
          value: toParameterValue(specOf(name), value),
        })),
        deleted_parameters: [],
      }),
    );
  });
  return {
    close() {
      for (const service of services) service.close();
      events.close();
    },
  };
}
