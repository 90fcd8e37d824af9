import type { Table, Value } from "../parameters/spec.js";

/** Parameters that clients may read, watch and set; `Parameters` is one. */
export interface ParameterControls {
  readonly table: Table;
  value(name: string): Value | undefined;
  /** Changes all of these values or none. Returns why it was refused, one line; undefined on success. */
  set(changes: ReadonlyMap<string, unknown>): Promise<string | undefined>;
  /** Calls `changed` after every change, whoever made it. */
  onChanged(changed: (changes: ReadonlyMap<string, Value>) => void): void;
}

/** Fields of a request, named as in its definition. */
export type RequestFields = Readonly<Record<string, unknown>>;

/** A service that clients may call. */
export interface ServiceControl {
  /** Absolute name, such as `/torquelens/pause`. */
  readonly name: string;
  /** Type with a definition in `serviceType`, such as `std_srvs/srv/SetBool`. */
  readonly type: string;
  /** Returns the response's fields. A client is told the message of what it throws. */
  answer(request: RequestFields): object | Promise<object>;
}

/** What clients of the live socket may control: of a simulation, or of a node. */
export interface Controls {
  readonly parameters?: ParameterControls;
  readonly services?: readonly ServiceControl[];
}
