/**
 * A week or a day as a calendar; on a phone, as a list of days.
 */
import type { BookingView } from "../../../sdk/wire";
import { fill, formatNumber, type Lang, useLocale } from "../i18n";
import { hoursOf, place, type Placed } from "./days";
import { TEXTS } from "./texts";

const ROW_PX = 52;

export function timeOf(at: string, lang: Lang, zone: string): string {
  return new Intl.DateTimeFormat(lang, {
    timeZone: zone,
    numberingSystem: "latn",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));
}

export function dayOf(day: string, lang: Lang, long = false): string {
  return new Intl.DateTimeFormat(lang, {
    timeZone: "UTC",
    numberingSystem: "latn",
    weekday: long ? "long" : "short",
    day: "numeric",
    month: long ? "long" : "short",
  }).format(new Date(`${day}T00:00:00Z`));
}

interface Props {
  days: readonly string[];
  today: string;
  all: readonly BookingView[];
  zone: string;
  narrow: boolean;
  nameOf(booking: BookingView): string;
  onOpen(id: string): void;
}

export function Agenda(props: Props) {
  const { lang } = useLocale();
  const columns = props.days.map((day) => ({ day, placed: place(props.all, day, props.zone) }));
  return props.narrow ? <Days {...props} columns={columns} lang={lang} /> : <Grid {...props} columns={columns} lang={lang} />;
}

type Columns = { day: string; placed: Placed<BookingView>[] }[];

function Grid({ columns, zone, today, nameOf, onOpen, lang }: Props & { columns: Columns; lang: Lang }) {
  const { first, last } = hoursOf(columns.flatMap((column) => column.placed));
  const hours = Array.from({ length: last - first }, (_, n) => first + n);
  return (
    <div className="agenda sheet" data-days={columns.length}>
      <div className="agenda-hours" aria-hidden="true">
        <div className="agenda-head" />
        {hours.map((hour) => (
          <div key={hour} style={{ height: ROW_PX }}>
            {formatNumber(hour, lang).padStart(2, "0")}:00
          </div>
        ))}
      </div>
      {columns.map(({ day, placed }) => (
        <section key={day} aria-label={dayOf(day, lang, true)} data-today={day === today || undefined}>
          <h2 className="agenda-head">{dayOf(day, lang)}</h2>
          <ol style={{ height: hours.length * ROW_PX, backgroundSize: `100% ${ROW_PX}px` }}>
            {placed.map(({ item, from, until, lane, lanes }) => (
              <li
                key={item.booking_id}
                style={{
                  top: ((from - first * 60) / 60) * ROW_PX,
                  height: Math.max(((until - from) / 60) * ROW_PX - 2, 24),
                  insetInlineStart: `${(lane / lanes) * 100}%`,
                  width: `calc(${100 / lanes}% - 3px)`,
                }}
              >
                <Tile booking={item} zone={zone} name={nameOf(item)} lang={lang} onOpen={onOpen} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Days({ columns, zone, today, nameOf, onOpen, lang }: Props & { columns: Columns; lang: Lang }) {
  const t = TEXTS[lang];
  return (
    <div className="agenda-days">
      {columns.map(({ day, placed }) => (
        <section key={day} className="sheet" aria-label={dayOf(day, lang, true)} data-today={day === today || undefined}>
          <h2>{dayOf(day, lang, true)}</h2>
          {placed.length === 0 && <p className="muted small">{t.none}</p>}
          <ol>
            {placed.map(({ item }) => (
              <li key={item.booking_id}>
                <Tile booking={item} zone={zone} name={nameOf(item)} lang={lang} onOpen={onOpen} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

function Tile(props: { booking: BookingView; zone: string; name: string; lang: Lang; onOpen(id: string): void }) {
  const { booking, zone, name, lang } = props;
  const t = TEXTS[lang];
  const from = timeOf(booking.starts_at, lang, zone);
  const until = timeOf(booking.ends_at, lang, zone);
  const who = booking.customer.name || t.nobody;
  return (
    <button
      type="button"
      className="tile"
      data-status={booking.status}
      onClick={() => props.onOpen(booking.booking_id)}
      aria-label={fill("{time}, {name}, {who}, {status}", { time: `${from}–${until}`, name, who, status: t.statuses[booking.status] })}
    >
      <b dir="ltr">
        {from}–{until}
      </b>
      <span>
        <bdi>{who}</bdi>
      </span>
      <span>{name}</span>
    </button>
  );
}
