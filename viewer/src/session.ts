import type { ServedMoment, SessionAnswer, WhatIfAnswer } from "#src/web/answers.js";

/** Throws Error with the server's words where it cannot find them. */
export async function fetchMoments(url: string): Promise<readonly ServedMoment[]> {
  const response = await fetch(url);
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as readonly ServedMoment[];
}

/** @param stamp of the image, nanoseconds @param replace `MODALITY=WHAT`. Throws Error with the server's words. */
export async function fetchWhatIf(url: string, stamp: bigint, replace: string): Promise<WhatIfAnswer> {
  const response = await fetch(`${url}?${new URLSearchParams({ stamp: String(stamp), replace })}`);
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as WhatIfAnswer;
}

/** Asks the page's own server. Throws Error with a sentence that says what to do. */
export async function fetchSession(): Promise<SessionAnswer> {
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

const isSession = (answer: unknown): answer is SessionAnswer =>
  typeof answer === "object" && answer !== null && "mode" in answer && "recordings" in answer;
