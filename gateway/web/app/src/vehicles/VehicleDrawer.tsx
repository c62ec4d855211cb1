/**
 * One vehicle beside the list: all of it, its status, its pictures, its prices and its history; or a new one.
 */
import { Button, Loader } from "@mantine/core";
import { useCallback, useEffect, useState } from "react";
import { ProblemError } from "../../../sdk/http";
import type { Me, VehicleStatus, VehicleView } from "../../../sdk/wire";
import { SideDrawer } from "../frame/SideDrawer";
import { useActs } from "../frame/useActs";
import { fill, formatNumber, useLocale } from "../i18n";
import { isConflict, refusal, vehicles } from "./calls";
import { History } from "./History";
import { Photos } from "./Photos";
import { TEXTS } from "./texts";
import { VehicleForm } from "./VehicleForm";
import { Price, StatusMark } from "./VehicleList";
import type { Note } from "./VehiclesPage";

interface Props {
  /** Of a vehicle, or `new`. */
  id: string;
  me: Me;
  may: boolean;
  /** The currency of the stock. */
  currency: string;
  /** What is told on the page, after the drawer has closed. */
  onDone(note: Note): void;
  onChanged(): void;
  onClose(): void;
  onLoggedOut(): void;
}

export default function VehicleDrawer({ id, me, may, currency, onDone, onChanged, onClose, onLoggedOut }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const isNew = id === "new";
  const [vehicle, setVehicle] = useState<VehicleView | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const [editing, setEditing] = useState(isNew);
  const { error, note, tell, act } = useActs({
    refusal: (why) => (isConflict(why) ? t.conflictStatus : refusal(why, t)),
    onLoggedOut,
  });

  const load = useCallback(async () => {
    setFailed(null);
    try {
      setVehicle(await vehicles.get(id));
    } catch (why) {
      setFailed(why);
    }
  }, [id]);
  useEffect(() => {
    if (!isNew) void load();
  }, [isNew, load]);

  /** Does something with the vehicle; where that is refused it is shown as it stands by now. */
  const change = (work: (vehicle: VehicleView) => Promise<VehicleView>, said = "") =>
    act(async () => {
      if (!vehicle) return;
      try {
        setVehicle(await work(vehicle));
        onChanged();
        return said;
      } catch (why) {
        // A colleague's change, or a part of this one, may be stored already.
        setVehicle(await vehicles.get(id).catch(() => vehicle));
        onChanged();
        throw why;
      }
    });
  const remove = () =>
    act(async () => {
      if (!vehicle) return;
      const gone = await vehicles.remove(vehicle.vehicle_id, vehicle.version);
      onChanged();
      const undo = async () => {
        await vehicles.restore(gone.vehicle_id, gone.version);
        return { text: fill(t.restored, { title: gone.title }) };
      };
      onClose();
      onDone({ text: fill(t.removed, { title: gone.title }), undo });
    });

  const saved = (now: VehicleView) => {
    onChanged();
    if (isNew) {
      onClose();
      return onDone({ text: fill(t.added, { title: now.title }) });
    }
    setVehicle(now);
    setEditing(false);
    return t.saved;
  };

  const isGone = failed instanceof ProblemError && failed.status === 404;
  return (
    <SideDrawer
      title={isNew ? t.add : (vehicle?.title ?? "")}
      close={t.close}
      onClose={onClose}
      head={
        vehicle &&
        !editing && (
          <div className="veh-acts">
            <Price vehicle={vehicle} />
            {vehicle.deleted ? <span className="veh-status">{t.deleted}</span> : <StatusMark status={vehicle.status ?? "available"} />}
          </div>
        )
      }
    >
      <div className="veh-body">
        <div role="alert">{error && <p className="note">{error}</p>}</div>
        <div role="status">{note && <p className="note">{note}</p>}</div>
        {!!failed && (
          <div className="middle" role="alert">
            <p>{refusal(failed, t)}</p>
            {!isGone && <Button onClick={() => void load()}>{t.again}</Button>}
          </div>
        )}
        {!isNew && !vehicle && !failed && (
          <div className="middle">
            <Loader aria-label="…" />
          </div>
        )}
        {editing && (isNew || vehicle) && (
          <VehicleForm
            vehicle={vehicle}
            currency={currency}
            act={act}
            onConflict={(text) => tell(text)}
            onSaved={saved}
            onCancel={() => {
              tell("");
              if (isNew) onClose();
              else {
                setEditing(false);
                void load();
              }
            }}
          />
        )}
        {vehicle && !editing && (
          <>
            {may && (
              <div className="veh-acts">
                {vehicle.deleted ? (
                  <Button
                    onClick={() =>
                      void change((one) => vehicles.restore(one.vehicle_id, one.version), fill(t.restored, { title: vehicle.title }))
                    }
                  >
                    {t.restore}
                  </Button>
                ) : (
                  <>
                    {vehicle.next_statuses.map((status: VehicleStatus) => (
                      <Button
                        key={status}
                        variant="light"
                        onClick={() =>
                          void change(
                            (one) => vehicles.setStatus(one.vehicle_id, one.version, status),
                            fill(t.marked, { title: vehicle.title, status: t.status[status] }),
                          )
                        }
                      >
                        {t.mark[status]}
                      </Button>
                    ))}
                    <Button variant="default" onClick={() => (tell(""), setEditing(true))}>
                      {t.edit}
                    </Button>
                    <Button variant="subtle" color="red" onClick={() => void remove()}>
                      {t.remove}
                    </Button>
                  </>
                )}
              </div>
            )}
            {vehicle.notes.map((one) => (
              <p key={one} className="muted small">
                {t.note[one]}
              </p>
            ))}
            <Facts vehicle={vehicle} />
            <Photos vehicle={vehicle} may={may && !vehicle.deleted} change={change} />
            <History key={vehicle.version} vehicle={vehicle} zone={me.tenant.zone} />
          </>
        )}
      </div>
    </SideDrawer>
  );
}

function Facts({ vehicle }: { vehicle: VehicleView }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const number = (n: number | undefined) => n !== undefined && formatNumber(n, lang);
  const plate = vehicle.plate && [vehicle.plate, vehicle.plate_country].filter(Boolean).join(" · ");
  const rows: [keyof typeof t.field, string | false | undefined][] = [
    ["year", String(vehicle.year)],
    ["kilometres", number(vehicle.kilometres)],
    ["fuel", t.fuel[vehicle.fuel]],
    ["range_km", number(vehicle.range_km)],
    ["body", vehicle.body && t.body[vehicle.body]],
    ["seats", number(vehicle.seats)],
    ["transmission", vehicle.transmission && t.transmission[vehicle.transmission]],
    ["drive", vehicle.drive && t.drive[vehicle.drive]],
    ["colour", vehicle.colour],
    ["power_kw", number(vehicle.power_kw)],
    ["towing_kg", number(vehicle.towing_kg)],
    ["first_registered", vehicle.first_registered],
    ["location", vehicle.location],
    ["plate", plate],
    ["stock_number", vehicle.stock_number],
    ["vin", vehicle.vin],
  ];
  // In the reader's language, else in the first there is.
  const texts: Record<string, string> = vehicle.description ?? {};
  const shown = texts[lang] ? lang : Object.keys(texts)[0];
  return (
    <>
      <dl className="veh-dl">
        {rows.map(
          ([field, value]) =>
            value && (
              <div key={field}>
                <dt>{t.field[field]}</dt>
                <dd>
                  <bdi>{value}</bdi>
                </dd>
              </div>
            ),
        )}
      </dl>
      {shown && (
        <p className="veh-text" dir="auto" lang={shown}>
          {texts[shown]}
        </p>
      )}
      {!!vehicle.equipment?.length && (
        <p className="muted small" dir="auto">
          {vehicle.equipment.join(" · ")}
        </p>
      )}
      {vehicle.listing_url && (
        <a className="cut" href={vehicle.listing_url} target="_blank" rel="noopener noreferrer" dir="ltr">
          {vehicle.listing_url}
        </a>
      )}
    </>
  );
}
