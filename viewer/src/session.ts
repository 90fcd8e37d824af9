/** What the server of this page serves. */
export interface Session {
  readonly mode: "live" | "recordings";
  readonly name: string;
  /** True where commands that change anything are refused. */
  readonly readOnly: boolean;
  readonly recordings: readonly { readonly name: string; readonly url: string; readonly bytes: number }[];
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
  return (await response.json()) as Session;
}
