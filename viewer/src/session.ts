/** What the server of this page serves. */
export interface Session {
  readonly mode: "live" | "recordings";
  readonly name: string;
  /** True where commands that change anything are refused. */
  readonly readOnly: boolean;
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
  readonly whatIf?: WhatIfWays;
}

/** Ways to replace each input of the policy, and the address that answers. */
export interface WhatIfWays {
  readonly url: string;
  readonly of: Readonly<Record<string, readonly string[]>>;
}

/** What the policy commands at a moment, and the difference that a replacement makes. */
export interface WhatIf {
  readonly symbol: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly unit: string;
    readonly now: number | null;
    readonly change: number | null;
  }[];
}

/** A moment that `torquelens report` ranks. */
export interface Moment {
  readonly reason: "shares" | "residual" | "limits";
  readonly what: string;
  /** Seconds from the recording's beginning. */
  readonly seconds: number;
}

/** Throws Error with the server's words where it cannot find them. */
export async function fetchMoments(url: string): Promise<readonly Moment[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as readonly Moment[];
}

/** @param stamp of the image, nanoseconds @param replace `MODALITY=WHAT`. Throws Error with the server's words. */
export async function fetchWhatIf(url: string, stamp: bigint, replace: string): Promise<WhatIf> {
  const response = await fetch(`${url}?${new URLSearchParams({ stamp: String(stamp), replace })}`);
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as WhatIf;
}

/** Asks the page's own server. Throws Error with a sentence that says what to do. */
export async function fetchSession(): Promise<Session> {
  let response: Response;
  try {
    response = await fetch("/session.json");
  } catch {
    throw new Error("no answer from the server of this page. Start torquelens again, then load this page again.");
  }
  if (response.status === 401)
    throw new Error("this address lacks the token. Open the whole address that torquelens printed.");
  if (!response.ok) throw new Error(`the server answered ${response.status}. Load the page again.`);
  const session: unknown = await response.json().catch(() => undefined);
  if (!isSession(session))
    throw new Error("the server of this page is not torquelens. Open the address that torquelens printed.");
  return session;
}

const isSession = (answer: unknown): answer is Session =>
  typeof answer === "object" && answer !== null && "mode" in answer && "recordings" in answer;
