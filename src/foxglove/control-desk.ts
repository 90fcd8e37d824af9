import { type ServiceType, serviceType } from "../messages/services.js";
import { own } from "../own.js";
import type { Spec } from "../parameters/spec.js";
import type { Controls, ParameterControls, ServiceControl } from "./controls.js";
import type { AdvertisedService, ServedParameter } from "./protocol.js";
import type { ServerReply, ServerRequest } from "./thread.js";

/** Answers in the sink's thread what clients ask of the controls. */
export class ControlDesk {
  readonly #parameters: ParameterControls | undefined;
  readonly #services: readonly { readonly control: ServiceControl; readonly type: ServiceType }[];

  constructor({ parameters, services = [] }: Controls) {
    this.#parameters = parameters;
    this.#services = services.map((control) => ({ control, type: serviceType(control.type) }));
  }

  /** Values now, of all parameters or some. */
  parameters(names?: Iterable<string>): ServedParameter[] {
    const controls = this.#parameters;
    if (!controls) return [];
    return [...(names ?? Object.keys(controls.table))].flatMap((name) => {
      const spec = own(controls.table, name);
      const value = controls.value(name);
      return spec && value !== undefined ? [{ name, value, ...typeOf(spec) }] : [];
    });
  }

  /** The services, numbered from 1 in their order. */
  services(): AdvertisedService[] {
    return this.#services.map(({ control: { name }, type }, index) => {
      const half = (part: "request" | "response") => ({
        encoding: "cdr" as const,
        schemaName: type[part].name,
        schemaEncoding: "ros2msg" as const,
        schema: type[part].schema,
      });
      const [request, response] = [half("request"), half("response")];
      const before = { requestSchema: request.schema, responseSchema: response.schema };
      return { id: index + 1, name, type: type.name, request, response, ...before };
    });
  }

  /** Sends every change of a parameter. */
  watch(send: (request: ServerRequest) => void): void {
    this.#parameters?.onChanged((changes) => send({ parameters: this.parameters(changes.keys()) }));
  }

  /** Answers a reply of the server's thread that asks for something; others are left alone. */
  async answer(reply: ServerReply, send: (request: ServerRequest) => void): Promise<void> {
    if ("set" in reply) {
      const refusal = await this.#set(reply.change);
      send({ settled: reply.set, refusal });
    } else if ("call" in reply) {
      const outcome = await this.#call(reply.serviceId, reply.data);
      send({ answered: reply.call, outcome });
    }
  }

  async #set(change: Extract<ServerReply, { set: number }>["change"]): Promise<string | undefined> {
    try {
      return await this.#parameters!.set(new Map(change));
    } catch (error) {
      return (error as Error).message;
    }
  }

  async #call(id: number, data: Uint8Array): Promise<{ data: Uint8Array } | { failure: string }> {
    const { control, type } = this.#services[id - 1]!;
    let request: Readonly<Record<string, unknown>>;
    try {
      request = type.readRequest(data);
    } catch {
      return { failure: `${control.name}: the request is no ${type.request.name} in CDR` };
    }
    try {
      return { data: type.writeResponse(await control.answer(request)) };
    } catch (error) {
      return { failure: `${control.name}: ${(error as Error).message}` };
    }
  }
}

/** The protocol's type of numbers that need not be whole. */
function typeOf({ type }: Spec): Pick<ServedParameter, "type"> {
  if (type === "double") return { type: "float64" };
  return type === "double_array" ? { type: "float64_array" } : {};
}
