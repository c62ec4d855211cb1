/**
 * The pictures of a vehicle, in the order in which they are shown.
 */
import { Button } from "@mantine/core";
import { useRef, useState } from "react";
import type { VehicleView } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, formatNumber, useLocale } from "../i18n";
import { ownPhoto, vehicles } from "./calls";
import { TEXTS } from "./texts";

interface Props {
  vehicle: VehicleView;
  may: boolean;
  change(work: (vehicle: VehicleView) => Promise<VehicleView>): Promise<boolean>;
}

export function Photos({ vehicle, may, change }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const photos = vehicle.photos ?? [];

  const upload = async (files: File[]) => {
    setBusy(true);
    // One after the other: each raises the version that the next one names.
    await change(async (now) => {
      for (const file of files) now = await vehicles.addPhoto(now.vehicle_id, now.version, file);
      return now;
    });
    setBusy(false);
    if (input.current) input.current.value = "";
  };
  const put = (next: string[]) => change((now) => vehicles.change(now.vehicle_id, { version: now.version, set: { photos: next } }));
  const remove = (photo: string) => {
    const own = ownPhoto(photo);
    if (!own) return put(photos.filter((one) => one !== photo));
    return change((now) => vehicles.removePhoto(now.vehicle_id, now.version, own));
  };
  const named = (text: string, index: number) => fill(text, { n: formatNumber(index + 1, lang), title: vehicle.title });
  return (
    <section className="veh-part" aria-label={t.photos}>
      <h3>{t.photos}</h3>
      {photos.length === 0 && <p className="muted">{t.noPhotos}</p>}
      <ul className="veh-photos">
        {photos.map((photo, index) => (
          <li key={photo}>
            <a href={photo} target="_blank" rel="noopener noreferrer">
              <img src={photo} alt={named(t.photo, index)} loading="lazy" referrerPolicy="no-referrer" />
            </a>
            {may && (
              <span className="veh-acts">
                {index > 0 && (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={`${t.firstPhoto}: ${named(t.photo, index)}`}
                    onClick={() => void put([photo, ...photos.filter((one) => one !== photo)])}
                  >
                    {t.firstPhoto}
                  </Button>
                )}
                <button type="button" className="veh-x" aria-label={named(t.removePhoto, index)} onClick={() => void remove(photo)}>
                  <Icon name="close" size={16} />
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
      {may && (
        <>
          <input
            ref={input}
            className="sr"
            type="file"
            accept="image/jpeg,image/png,image/webp"
            multiple
            tabIndex={-1}
            aria-hidden="true"
            data-testid="photos"
            onChange={(event) => void upload([...(event.currentTarget.files ?? [])])}
          />
          <Button
            size="compact-sm"
            variant="light"
            loading={busy}
            leftSection={<Icon name="photo" />}
            onClick={() => input.current?.click()}
          >
            {t.addPhotos}
          </Button>
        </>
      )}
    </section>
  );
}
