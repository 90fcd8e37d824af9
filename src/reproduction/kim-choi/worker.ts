import "../../runtime/no-telemetry.js";
import { serveItems } from "../crew-thread.js";
import { reproduceItem } from "./items.js";

serveItems(reproduceItem);
