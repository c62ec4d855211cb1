/**
 * The promise clock of one lead: a ring that runs down in real time, then the proof.
 */
import type { LeadPromise } from "../../../sdk/wire";
import { useTick } from "../hooks";
import { useLocale } from "../i18n";
import { readPromise, type ServerClock } from "../promise";

const RADIUS = 15.5;
const ROUND = 2 * Math.PI * RADIUS;

export function PromiseClock({ promise, clock, large }: { promise: LeadPromise; clock: ServerClock; large?: boolean }) {
  const { lang, t } = useLocale();
  const local = useTick(promise.state === "waiting");
  const face = readPromise(promise, clock.now(local), lang, t);
  const number = face.left !== null && Math.abs(face.left) < 600 ? Math.abs(face.left) : null;
  return (
    <div className={large ? "clock large" : "clock"} data-phase={face.phase}>
      <svg viewBox="0 0 40 40" aria-hidden="true">
        <circle className="rail" cx="20" cy="20" r={RADIUS} />
        {face.phase !== "none" && (
          <circle className="run" cx="20" cy="20" r={RADIUS} strokeDasharray={ROUND} strokeDashoffset={ROUND * (1 - face.share)} />
        )}
        {face.phase === "kept" && <path d="M13.5 20.5l4.5 4.5 9-10" />}
        {face.phase === "broken" && <path d="M20 12v9.5M20 26.5v.3" />}
        {face.phase === "none" && <path d="M16 20h8" />}
        {number !== null && (
          <text x="20" y="20" textAnchor="middle" dominantBaseline="central">
            {number}
          </text>
        )}
      </svg>
      <span>
        <b>{face.sentence}</b>
        {face.by && <small>{face.by}</small>}
      </span>
    </div>
  );
}
