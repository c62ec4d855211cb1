/**
 * The calls of the preview page, and why one was refused.
 *
 * A preview is kept by one node. Behind a proxy without sticky sessions another one may be asked, which knows of none:
 * what is known to run is asked for a few times before it is believed to be gone.
 */
import { ProblemError, request, Unreachable } from "../../../sdk/http";
import type { MessageAccepted, Preview, PreviewMessage, PreviewReadiness, StartPreview } from "../../../sdk/wire";
import type { PreviewTexts } from "./texts";

const TRIES = 6;
const PAUSE_MS = 60;

const isGone = (error: unknown) => error instanceof ProblemError && error.status === 404;

/** Asks again where a preview that runs was not found. */
export async function sticky<T>(call: () => Promise<T>, tries = TRIES, pause = PAUSE_MS): Promise<T> {
  for (let nth = 1; ; nth += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isGone(error) || nth >= tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

export const previews = {
  readiness: () => request<PreviewReadiness>("/v1/preview/readiness"),
  start: (body: StartPreview) => request<Preview>("/v1/preview", { body }),
  /** The preview that runs; none is `null`. */
  find: async (known: boolean, signal?: AbortSignal): Promise<Preview | null> => {
    const ask = () => request<Preview>("/v1/preview", signal && { signal });
    try {
      return await sticky(ask, known ? TRIES : 2);
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  },
  write: (body: PreviewMessage) => sticky(() => request<MessageAccepted>("/v1/preview/messages", { body })),
  end: () => request<void>("/v1/preview", { method: "DELETE" }),
};

/** Why the server refused, in the reader's language. */
export function refusal(error: unknown, t: PreviewTexts): string {
  if (error instanceof Unreachable) return t.refused.offline;
  if (!(error instanceof ProblemError)) return t.refused.other;
  if (error.code === "preview-over" || error.status === 404) return t.refused.over;
  if (error.code === "too-many-requests" || error.code === "busy") return t.refused.full;
  if (error.code === "forbidden") return t.refused.forbidden;
  if (error.code === "invalid") return t.refused.text;
  return t.refused.other;
}
