import type { Server } from "node:http";
import { Door, type DoorOptions } from "./door.js";
import { addressOf, bindError, boundedServer, listenForPage, PAGE_PORT, stopListening } from "./listening.js";
import { Site, type SiteOptions } from "./site.js";

export interface PageServerOptions extends DoorOptions, SiteOptions {
  /** Default 8080, or any free port if that is in use; 0 for any free port. */
  readonly port?: number | undefined;
}

/** Serves the page with recordings, without a live socket. */
export class PageServer {
  private constructor(
    /** Address to open, with the token. */
    readonly url: string,
    private readonly server: Server,
  ) {}

  /** @throws InputError for a port that is in use, or an address that cannot be bound to */
  static async listen(options: PageServerOptions): Promise<PageServer> {
    const { host, port, token } = options;
    const server = boundedServer(new Site(options, new Door(options)).answer);
    try {
      return new PageServer(addressOf("http", host, await listenForPage(server, host, port), token), server);
    } catch (error) {
      throw bindError(error as NodeJS.ErrnoException, "page port", host, port ?? PAGE_PORT);
    }
  }

  close(): Promise<void> {
    return stopListening(this.server);
  }
}
