import { InputError } from "../../errors.js";

/** An error of a place rather than of what was asked for, such as a full disk: another attempt may succeed. */
export class Transient extends InputError {}
