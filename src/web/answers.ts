/** What the server of the page answers, as JSON: types alone, for the server and for the page. */

/** Facts that the page starts with. */
export interface Session {
  readonly mode: "live" | "recordings";
  /** Title of what is shown. */
  readonly name: string;
  /** True where nothing can be changed from the page. */
  readonly readOnly: boolean;
}

/** `/session.json`. */
export interface SessionAnswer extends Session {
  readonly recordings: readonly Served[];
}

/** A recording of the server. */
export interface Served {
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  /** Address of its moments worth a look, where it is explained. */
  readonly moments?: string;
  /** What may be replaced in it, where the server has its policy. */
  readonly whatIf?: WhatIfWays & { readonly url: string };
}

/** Ways to replace inputs of the policy at a moment. */
export interface WhatIfWays {
  /** Names of the ways to replace each input. */
  readonly of: Readonly<Record<string, readonly string[]>>;
  /** Runs whose values in the same phase may take the place of each input. */
  readonly runs: readonly RunOfWhatIf[];
}

/** A run that values are taken from. */
export interface RunOfWhatIf {
  /** As a replacement names it. */
  readonly by: string;
  /** Name of its recording; left out: the one that is asked about. */
  readonly recording?: string;
  /** Number of the run in its recording, from 0. */
  readonly run: number;
}

/** What the policy commands at a moment, and the difference that a replacement makes. */
export interface WhatIfAnswer {
  readonly symbol: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly unit: string;
    readonly now: number | null;
    readonly change: number | null;
  }[];
}

/** A moment worth a look. */
export interface ServedMoment {
  readonly reason: "shares" | "residual" | "limits";
  readonly what: string;
  /** Seconds from the recording's beginning. */
  readonly seconds: number;
}
