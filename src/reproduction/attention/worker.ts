import "../../runtime/no-telemetry.js";
import { serveItems } from "../crew-thread.js";
import { measureItem } from "./items.js";

serveItems(measureItem);
