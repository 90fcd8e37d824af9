import { InputError } from "../errors.js";
import type { Device, DeviceInUse } from "./device.js";
import { ort } from "./onnxruntime.js";

export interface Placed {
  readonly session: ort.InferenceSession;
  readonly device: DeviceInUse;
  /** The reason why the requested device is not in use, one line. */
  readonly fallback?: string;
}

/**
 * Creates a session on a device, or on the CPU where the device is not available.
 * @throws InputError where onnxruntime refuses the model on the CPU too
 */
export async function place(
  model: Uint8Array,
  asked: Device,
  options: ort.InferenceSession.SessionOptions,
): Promise<Placed> {
  const on = (device: DeviceInUse) =>
    ort.InferenceSession.create(model, {
      ...options,
      // Operators without a GPU kernel run on the CPU.
      executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
    });
  let fallback: string | undefined;
  const preferred = asked === "auto" ? "cuda" : asked;
  if (preferred !== "cpu") {
    // We report failures once; onnxruntime would print its own report too.
    const { logLevel } = ort.env;
    ort.env.logLevel = "fatal";
    try {
      return { session: await on(preferred), device: preferred };
    } catch (error) {
      const { message } = error as Error;
      if (asked !== "auto") fallback = `device ${asked} is not available (${reason(message)}); running on the CPU`;
    } finally {
      if (logLevel) ort.env.logLevel = logLevel;
    }
  }
  try {
    return { session: await on("cpu"), device: "cpu", ...(fallback !== undefined && { fallback }) };
  } catch (error) {
    throw new InputError(`onnxruntime refused the model: ${(error as Error).message}`);
  }
}

/** The end of a message from onnxruntime, without its source positions. */
function reason(message: string): string {
  const line = message.replace(/\s+/g, " ").trim();
  const sentence = /(Failed to [^.]*?)\.?$/.exec(line)?.[1] ?? line;
  return sentence.length > 160 ? `${sentence.slice(0, 160)}…` : sentence;
}
