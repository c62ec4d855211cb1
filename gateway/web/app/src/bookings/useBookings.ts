/**
 * The bookings that are on the screen, alive.
 *
 * Lives here: the page that is wanted, and the live socket that says when it is to be read again. Invariants: a step
 * of a booking never draws by itself: what is shown was read; an older answer never covers a newer one.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import { Live, type LiveState } from "../../../sdk/live";
import type { BookingEvent, BookingView } from "../../../sdk/wire";
import { bookings, toQuery, type Wanted } from "./calls";

/** Steps that come together are read once. */
const GATHER_MS = 250;

export interface Shown {
  all: BookingView[] | null;
  next: string | undefined;
  failed: boolean;
  live: LiveState;
  /** The last step that was told, of whichever booking. */
  told: BookingEvent | null;
  more(): void;
  reload(): void;
}

export function useBookings(wanted: Wanted, onLoggedOut: () => void): Shown {
  const [all, setAll] = useState<BookingView[] | null>(null);
  const [next, setNext] = useState<string>();
  const [failed, setFailed] = useState(false);
  const [live, setLive] = useState<LiveState>("connecting");
  const [told, setTold] = useState<BookingEvent | null>(null);
  const running = useRef<AbortController | null>(null);
  const key = toQuery(wanted);
  const query = useRef(wanted);
  query.current = wanted;

  const load = useCallback(
    async (cursor?: string) => {
      running.current?.abort();
      const mine = (running.current = new AbortController());
      try {
        const page = await bookings.list({ ...query.current, ...(cursor && { cursor }) }, mine.signal);
        if (mine.signal.aborted) return;
        setAll((known) => (cursor ? [...(known ?? []), ...page.bookings] : page.bookings));
        setNext(page.next);
        setFailed(false);
      } catch (error) {
        if (mine.signal.aborted) return;
        if (error instanceof ProblemError && error.status === 401) return onLoggedOut();
        setFailed(true);
      }
    },
    [onLoggedOut],
  );

  useEffect(() => {
    setAll(null);
    void load();
    return () => running.current?.abort();
  }, [key, load]);

  useEffect(() => {
    const socket = new Live({ topics: ["bookings"] });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void load(), GATHER_MS);
    };
    const stops = [
      socket.on("booking", (event) => {
        setTold(event);
        soon();
      }),
      socket.on("gap", soon),
      socket.on("state", setLive),
      socket.on("signedout", onLoggedOut),
    ];
    socket.start();
    return () => {
      clearTimeout(timer);
      stops.forEach((stop) => stop());
      socket.stop();
    };
  }, [load, onLoggedOut]);

  const more = useCallback(() => void load(next), [load, next]);
  const reload = useCallback(() => void load(), [load]);
  return { all, next, failed, live, told, more, reload };
}
