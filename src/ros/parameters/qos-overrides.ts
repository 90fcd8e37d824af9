import type { Qos } from "../../messages/qos.js";
import { own } from "../../own.js";
import type { Spec, Table } from "../../parameters/spec.js";
import type { Overrides } from "./overrides.js";

/** End of a topic. */
export type End = "subscription" | "publisher";

/** Values of ROS 2's parameters for the QoS of a topic. */
const POLICIES: Readonly<Record<string, Spec>> = {
  reliability: overridden({ type: "string", choices: ["reliable", "best_effort"], default: "reliable" }),
  durability: overridden({ type: "string", choices: ["volatile", "transient_local"], default: "volatile" }),
  history: overridden({ type: "string", choices: ["keep_last"], default: "keep_last" }),
  depth: overridden({ type: "integer", range: [1, 10_000], default: 10 }),
};
const OVERRIDE = /^qos_overrides\.(\/\S*)\.(subscription|publisher)\.(\w+)$/;

function overridden<S extends object>(spec: S): S & Pick<Spec, "description" | "changeable"> {
  return { ...spec, description: "Quality of service of this topic.", changeable: "start" };
}

/**
 * Rows for the given QoS parameters, such as `qos_overrides./image.subscription.reliability`. Only given ones: the
 * topics depend on the policy, which is loaded later.
 */
export function givenQos({ values }: Overrides): Table {
  const specs = [...values.keys()].flatMap((name): [string, Spec][] => {
    const policy = OVERRIDE.exec(name)?.[3];
    const spec = policy === undefined ? undefined : own(POLICIES, policy);
    return spec ? [[name, spec]] : [];
  });
  return Object.fromEntries(specs);
}

/** QoS by topic, with the given overrides; records which of them were used. */
export class QosOverrides {
  readonly #used = new Set<string>();

  /** @param value returns a parameter by its name, undefined where it was not given */
  constructor(
    private readonly names: readonly string[],
    private readonly value: (name: string) => unknown,
  ) {}

  /** @param topic resolved name */
  of(topic: string, end: End, otherwise: Qos): Qos {
    const given = (policy: keyof Qos) => {
      const name = `qos_overrides.${topic}.${end}.${policy}`;
      this.#used.add(name);
      return this.value(name);
    };
    this.#used.add(`qos_overrides.${topic}.${end}.history`);
    return {
      reliability: (given("reliability") ?? otherwise.reliability) as Qos["reliability"],
      durability: (given("durability") ?? otherwise.durability) as Qos["durability"],
      depth: (given("depth") ?? otherwise.depth) as number,
    };
  }

  /** Names of given overrides that no topic has used so far. */
  get unused(): readonly string[] {
    return this.names.filter((name) => !this.#used.has(name));
  }
}
