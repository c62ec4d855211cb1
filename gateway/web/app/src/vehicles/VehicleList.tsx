/**
 * The stock as rows: a picture, what it is, its price, how it stands. The title is the one stop of the keyboard.
 */
import type { MouseEvent } from "react";
import type { VehicleStatus, VehicleView } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, formatNumber, type Lang, useLocale } from "../i18n";
import { TEXTS } from "./texts";

interface Props {
  vehicles: VehicleView[];
  selected: string | null;
  stale: boolean;
  hrefOf(vehicle: VehicleView): string;
  onOpen(vehicle: VehicleView): void;
}

export function VehicleList({ vehicles, selected, stale, hrefOf, onOpen }: Props) {
  const open = (vehicle: VehicleView) => (event: MouseEvent) => {
    // With a modifier the link opens a new tab, as every link does.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    if (String(getSelection() ?? "")) return;
    event.preventDefault();
    onOpen(vehicle);
  };
  return (
    <ul className="veh-list" aria-busy={stale}>
      {vehicles.map((vehicle) => (
        <li
          key={vehicle.vehicle_id}
          data-vehicle={vehicle.vehicle_id}
          data-selected={selected === vehicle.vehicle_id || undefined}
          onClick={open(vehicle)}
        >
          <Thumb vehicle={vehicle} />
          <div className="veh-what">
            <a className="name" href={hrefOf(vehicle)} data-stop onClick={(event) => (open(vehicle)(event), event.stopPropagation())}>
              <bdi>{vehicle.title}</bdi>
            </a>
            <Facts vehicle={vehicle} />
          </div>
          <Price vehicle={vehicle} />
          <StatusMark status={vehicle.status ?? "available"} />
        </li>
      ))}
    </ul>
  );
}

function Thumb({ vehicle }: { vehicle: VehicleView }) {
  const first = vehicle.photos?.[0];
  return (
    <span className="veh-thumb" aria-hidden="true">
      {first?.startsWith("/") ? <img src={first} alt="" loading="lazy" /> : <Icon name="car" size={26} />}
    </span>
  );
}

function Facts({ vehicle }: { vehicle: VehicleView }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const facts = [
    fill(t.km, { n: formatNumber(vehicle.kilometres, lang) }),
    t.fuel[vehicle.fuel],
    vehicle.body && t.body[vehicle.body],
    vehicle.plate,
    vehicle.stock_number,
  ].filter((fact): fact is string => !!fact);
  return (
    <span className="veh-facts muted small">
      {facts.map((fact) => (
        <bdi key={fact}>{fact}</bdi>
      ))}
    </span>
  );
}

export function Price({ vehicle }: { vehicle: Pick<VehicleView, "price_minor" | "currency"> }) {
  const { lang } = useLocale();
  return (
    <span className="veh-price">
      <bdi>{formatPrice(vehicle.price_minor, vehicle.currency, lang)}</bdi>
    </span>
  );
}

export function StatusMark({ status }: { status: VehicleStatus }) {
  const { lang } = useLocale();
  return (
    <span className="veh-status" data-status={status}>
      {TEXTS[lang].status[status]}
    </span>
  );
}

/** As people of the language write it, without decimals that say nothing. */
export function formatPrice(minor: number, currency: string, lang: Lang): string {
  return new Intl.NumberFormat(lang, {
    style: "currency",
    currency,
    numberingSystem: "latn",
    minimumFractionDigits: minor % 100 ? 2 : 0,
    maximumFractionDigits: minor % 100 ? 2 : 0,
  }).format(minor / 100);
}
