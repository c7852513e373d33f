/** Requests to the console's API. */

const TOKEN = "tierflow-token";
const PATIENCE_MS = 20_000;

/** An answer that is no success; `detail` is the server's sentence. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
  ) {
    super(detail || `HTTP ${status}`);
  }
}

/** Gives the token of this tab, which nothing but this tab keeps. */
export function token(): string {
  return sessionStorage.getItem(TOKEN) ?? "";
}

export function keepToken(given: string): void {
  if (given) sessionStorage.setItem(TOKEN, given);
  else sessionStorage.removeItem(TOKEN);
}

export function authorized(): Record<string, string> {
  return token() ? { Authorization: `Bearer ${token()}` } : {};
}

/** Asks the server and gives its JSON. The browser revalidates by ETag, so an unchanged answer costs a few bytes. */
export async function ask<Answer>(path: string, method = "GET", body?: unknown, patience_ms = PATIENCE_MS): Promise<Answer> {
  const response = await fetch(`api/${path}`, {
    method,
    cache: method === "GET" ? "no-cache" : "no-store",
    headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}), ...authorized() },
    signal: AbortSignal.timeout(patience_ms),
    ...(body ? { body: JSON.stringify(body) } : {}),
  }).catch(() => {
    throw new ApiProblem(0, "");
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new ApiProblem(response.status, sentence(answer));
  return answer as Answer;
}

function sentence(answer: unknown): string {
  if (typeof answer !== "object" || answer === null) return "";
  const { detail, title } = answer as { detail?: unknown; title?: unknown };
  return typeof detail === "string" ? detail : typeof title === "string" ? title : "";
}
