import { InputError } from "../../errors.js";
import { type EngineAddress, engineAddress } from "../../fleet/engine/address.js";

/** The engine that a command cannot do without. @throws InputError as `engineAddress`, and where none is named */
export function neededEngine(given: string | undefined): EngineAddress {
  const address = engineAddress(given, process.env);
  if (address) return address;
  throw new InputError("no engine: expected the URL of a Redis server, or one in TORQUELENS_ENGINE");
}
