/**
 * Times at which a resource cannot be booked, once or again and again.
 */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import type { BlockKind, BlockView, Me, ResourceView } from "../../../sdk/wire";
import { useLocale } from "../i18n";
import { dayOf } from "./Agenda";
import { bookings, refusal } from "./calls";
import { ruleOf, wall } from "./days";
import { TEXTS } from "./texts";

type Repeat = "once" | "daily" | "weekly" | "monthly";
const REPEATS: readonly Repeat[] = ["once", "daily", "weekly", "monthly"];

const repeatOf = (block: BlockView): Repeat => REPEATS.find((repeat) => block.rule?.toLowerCase().startsWith(`freq=${repeat}`)) ?? "once";

export function Blocks({ me, resources }: { me: Me; resources: ResourceView[] }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const usable = resources.filter((one) => one.active);
  const [resource, setResource] = useState(usable[0]?.resource_id ?? "");
  const [all, setAll] = useState<BlockView[] | null>(null);
  const [adding, setAdding] = useState(false);
  const [error, setError] = useState("");
  const load = useCallback(async () => {
    if (!resource) return;
    try {
      setAll((await bookings.blocks(resource)).blocks);
      setError("");
    } catch (failed) {
      setError(refusal(failed, t));
    }
  }, [resource, t]);
  useEffect(() => {
    setAll(null);
    void load();
  }, [load]);
  const act = async (work: () => Promise<unknown>) => {
    try {
      await work();
      setAdding(false);
      await load();
    } catch (failed) {
      setError(refusal(failed, t));
    }
  };
  return (
    <section className="hooks" aria-label={t.tabs.blocks}>
      <p className="muted">{t.blocksLead}</p>
      <div className="booking-filters">
        <NativeSelect
          label={t.resource}
          value={resource}
          onChange={(event) => setResource(event.currentTarget.value)}
          data={usable.map((one) => ({ value: one.resource_id, label: one.name }))}
        />
        <Button onClick={() => setAdding(true)} disabled={adding || !resource}>
          {t.blockAdd}
        </Button>
      </div>
      <div role="alert">{error && <p className="note">{error}</p>}</div>
      {adding && <BlockForm me={me} onCancel={() => setAdding(false)} onSave={(block) => act(() => bookings.block(resource, block))} />}
      {all?.length === 0 && <p className="sheet hook-none">{t.blocksNone}</p>}
      <ul className="booking-rows">
        {all?.map((block) => (
          <li key={block.block_id} className="sheet">
            <div>
              <b>{block.label ? <bdi>{block.label}</bdi> : t.kinds[block.kind]}</b>
              <span className="muted">
                {dayOf(block.starts_at.slice(0, 10), lang, true)} <bdi>{block.starts_at.slice(11, 16)}</bdi> · {block.minutes}{" "}
                {t.minutes.toLowerCase()}
                {repeatOf(block) !== "once" && ` · ${t.repeats[repeatOf(block)]}`}
              </span>
            </div>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => confirm(t.removeSure) && void act(() => bookings.unblock(resource, block.block_id))}
            >
              {t.remove}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function BlockForm(props: {
  me: Me;
  onCancel(): void;
  onSave(block: { kind: BlockKind; label?: string; starts_at: string; minutes: number; rule?: string }): Promise<void>;
}) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [kind, setKind] = useState<BlockKind>("block");
  const [label, setLabel] = useState("");
  const [start, setStart] = useState(() => `${wall(Date.now(), props.me.tenant.zone).day}T12:00`);
  const [minutes, setMinutes] = useState("60");
  const [repeat, setRepeat] = useState<Repeat>("once");
  const [until, setUntil] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const rule = ruleOf(repeat, until);
    await props.onSave({
      kind,
      starts_at: start,
      minutes: Number(minutes),
      ...(label.trim() && { label: label.trim() }),
      ...(rule && { rule }),
    });
    setBusy(false);
  };
  return (
    <form className="sheet hook-form" onSubmit={(event) => void save(event)}>
      <NativeSelect
        label={t.blockKind}
        value={kind}
        onChange={(event) => setKind(event.currentTarget.value as BlockKind)}
        data={Object.entries(t.kinds).map(([value, label]) => ({ value, label }))}
      />
      <TextInput label={t.label} maxLength={200} value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
      <TextInput label={t.start} type="datetime-local" required value={start} onChange={(event) => setStart(event.currentTarget.value)} />
      <TextInput
        label={t.minutes}
        type="number"
        required
        min={1}
        max={527040}
        value={minutes}
        onChange={(event) => setMinutes(event.currentTarget.value)}
      />
      <NativeSelect
        label={t.repeat}
        value={repeat}
        onChange={(event) => setRepeat(event.currentTarget.value as Repeat)}
        data={REPEATS.map((value) => ({ value, label: t.repeats[value] }))}
      />
      {repeat !== "once" && (
        <TextInput label={t.repeatUntil} type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
      )}
      <div className="hook-acts">
        <Button type="submit" loading={busy}>
          {t.save}
        </Button>
        <Button variant="light" onClick={props.onCancel}>
          {t.close}
        </Button>
      </div>
    </form>
  );
}
