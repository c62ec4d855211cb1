/**
 * One request to the server, with its errors as values that a screen can explain.
 *
 * Lives here: JSON in and out, problem+json, `Retry-After`, a total deadline.
 */
import type { Problem } from "./wire";

/** How long one request may take altogether. */
export const REQUEST_TIMEOUT_MS = 20_000;

/** The server refused: `problem` says why, `retryAfterMs` when to come back. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    readonly retryAfterMs: number,
  ) {
    super(problem?.code ?? `http ${status}`);
  }

  get code(): string {
    return this.problem?.code ?? "";
  }
}

/** The server was not reached, or did not answer in time. */
export class Unreachable extends Error {}

export interface RequestOptions {
  method?: string;
  token?: string | null;
  body?: unknown;
  signal?: AbortSignal;
}

/** Milliseconds from a `Retry-After` header (seconds or a date), at most ten minutes. */
export function retryAfterMs(header: string | null, now = Date.now()): number {
  if (!header) return 0;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return wait > 0 ? Math.min(wait, 600_000) : 0;
}

/** Turns a refused response into the error it stands for. */
export async function problemOf(response: Response): Promise<ProblemError> {
  let problem: Problem | null = null;
  try {
    const body: unknown = await response.json();
    if (body && typeof body === "object" && "code" in body) problem = body as Problem;
  } catch {
    // Not JSON: a proxy in between answered; the status alone has to do.
  }
  const asked = retryAfterMs(response.headers.get("retry-after"));
  return new ProblemError(response.status, problem, asked || (problem?.retry_after_s ?? 0) * 1000);
}

/** Sends one request; resolves to the parsed body, or `undefined` for 204. */
export async function request<T>(url: string, options: RequestOptions = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.token) headers["authorization"] = `Bearer ${options.token}`;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), REQUEST_TIMEOUT_MS);
  options.signal?.addEventListener("abort", () => abort.abort(), { signal: abort.signal });
  try {
    const response = await fetch(url, {
      method: options.method ?? (options.body === undefined ? "GET" : "POST"),
      headers,
      // A bearer names its session; the cookie of a member on the same site must not come along.
      credentials: options.token ? "omit" : "same-origin",
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: abort.signal,
    });
    if (!response.ok) throw await problemOf(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    if (options.signal?.aborted) throw error;
    throw new Unreachable();
  } finally {
    clearTimeout(timer);
  }
}
