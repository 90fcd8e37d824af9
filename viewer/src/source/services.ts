import { signal } from "@preact/signals";
import { type Decode, decoderOf, encoderOf } from "../wire/decoder.js";

const SERVICE_REQUEST = 2;
const ENCODING = "cdr";

interface AdvertisedService {
  readonly id: number;
  readonly name: string;
  readonly request?: { readonly schema: string };
  readonly response?: { readonly schema: string };
  readonly requestSchema?: string;
  readonly responseSchema?: string;
}

interface Service {
  readonly id: number;
  readonly encode: (message: unknown) => Uint8Array;
  readonly decode: Decode;
}

interface Call {
  readonly service: Service;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls the server's services. */
export class ServiceCaller {
  /** Names of the services that the server offers. */
  readonly names = signal<ReadonlySet<string>>(new Set());
  readonly #services = new Map<string, Service>();
  readonly #calls = new Map<number, Call>();
  readonly #send: (bytes: Uint8Array<ArrayBuffer>) => void;
  #next = 1;

  constructor(send: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#send = send;
  }

  advertised(services: readonly AdvertisedService[]): void {
    for (const { id, name, request, response, requestSchema, responseSchema } of services) {
      const encode = encoderOf(request?.schema ?? requestSchema ?? "");
      const decode = decoderOf(response?.schema ?? responseSchema ?? "");
      this.#services.set(name, { id, encode, decode });
    }
    this.names.value = new Set(this.#services.keys());
  }

  /** Calls a service. Rejects with the server's words where it refuses. */
  call(name: string, request: object): Promise<unknown> {
    const service = this.#services.get(name);
    if (!service) return Promise.reject(new Error(`${name}: the server does not offer it`));
    const id = this.#next++;
    const body = service.encode(request);
    const bytes = new Uint8Array(13 + ENCODING.length + body.length);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, SERVICE_REQUEST);
    view.setUint32(1, service.id, true);
    view.setUint32(5, id, true);
    view.setUint32(9, ENCODING.length, true);
    bytes.set(new TextEncoder().encode(ENCODING), 13);
    bytes.set(body, 13 + ENCODING.length);
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { service, resolve, reject });
      this.#send(bytes);
    });
  }

  answered(view: DataView): void {
    const id = view.getUint32(5, true);
    const call = this.#calls.get(id);
    if (!call) return;
    this.#calls.delete(id);
    const start = 13 + view.getUint32(9, true);
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, view.byteLength - start);
    try {
      call.resolve(call.service.decode(bytes));
    } catch (error) {
      call.reject(error as Error);
    }
  }

  failed(id: number, message: string): void {
    this.#calls.get(id)?.reject(new Error(message));
    this.#calls.delete(id);
  }

  disconnected(): void {
    for (const { reject } of this.#calls.values()) reject(new Error("the connection was lost"));
    this.#calls.clear();
    this.#services.clear();
    this.names.value = new Set();
  }
}
