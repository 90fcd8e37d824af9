import { InputError } from "../../errors.js";
import type { Explanation } from "../../explain/explanation.js";
import type { Sink } from "../../explain/pipeline.js";
import type { ServiceControl } from "../../foxglove/controls.js";
import { FoxgloveSink } from "../../foxglove/foxglove-sink.js";
import type { Warnings } from "../../health/warnings.js";
import type { ChannelEncoder } from "../../messages/channel-encoder.js";
import { own } from "../../own.js";
import type { Parameters } from "../../parameters/parameters.js";
import type { RosNode } from "../client/ros.js";
import type { EXPLAIN_PARAMETERS } from "../parameters/explain-parameters.js";
import { setters } from "./setters.js";

/** The node around the viewer. */
interface Around {
  readonly ros: RosNode;
  readonly parameters: Parameters<typeof EXPLAIN_PARAMETERS>;
  readonly warnings: Warnings;
}

export interface ViewerOptions {
  /** Of the first explanation, and of the second one. */
  readonly encoder: ChannelEncoder;
  readonly compared: ChannelEncoder;
  /** Name of the server in viewers. */
  readonly name: string;
}

/** The page that the node serves, and its socket. It never holds up or ends the explanations. */
export class Viewer implements Sink {
  #sink: FoxgloveSink | undefined;

  private constructor(
    sink: FoxgloveSink,
    private readonly failed: (reason: string) => void,
  ) {
    this.#sink = sink;
  }

  /** Undefined where the node has none, or where it cannot be served: the log says why, and the node goes on without. */
  static async open(
    { ros, parameters, warnings }: Around,
    { encoder, compared, name }: ViewerOptions,
  ): Promise<Viewer | undefined> {
    if (!parameters.get("viewer")) return undefined;
    const services = setters(parameters).map(
      ({ name, type, field, set }): ServiceControl => ({
        name: `/torquelens/${name}`,
        type: type.name,
        answer: (request) => set(own(request, field)),
      }),
    );
    try {
      const sink = await FoxgloveSink.listen({
        encoder,
        compared,
        name,
        host: parameters.get("viewer_host"),
        port: "page",
        page: { port: parameters.get("viewer_port") },
        token: parameters.get("viewer_token") || undefined,
        readOnly: parameters.get("viewer_read_only"),
        controls: { parameters, services },
        notice: (line) => ros.log("warn", `viewer: ${line}`),
      });
      ros.log("info", `page ${sink.pageUrl}`);
      return new Viewer(sink, (reason) => warnings.problem("viewer", reason));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      ros.log("error", `viewer: ${error.message}; the node explains without it (parameters viewer_port, viewer_host)`);
      return undefined;
    }
  }

  write(explanation: Explanation): void {
    this.#try((sink) => sink.write(explanation));
  }

  /** Writes the second explanation of a tick. */
  writeCompared(explanation: Explanation): void {
    this.#try((sink) => sink.writeCompared(explanation));
  }

  /** Sends the robot description again. */
  robotChanged(): void {
    this.#sink?.robotChanged();
  }

  #try(send: (sink: FoxgloveSink) => void): void {
    try {
      if (this.#sink) send(this.#sink);
    } catch (error) {
      this.failed((error as Error).message);
      void this.close();
    }
  }

  /** Sends the newest diagnostics. */
  reportChanged(): void {
    this.#sink?.reportChanged();
  }

  async close(): Promise<void> {
    const sink = this.#sink;
    this.#sink = undefined;
    await sink?.close();
  }
}
