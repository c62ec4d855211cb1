/**
 * Search, filters and order above the stock. The search waits for a pause in the typing.
 */
import { ActionIcon, Button, CloseButton, Input, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { useMedia, useTyped } from "../hooks";
import { Icon } from "../icons";
import { useLocale } from "../i18n";
import { BODIES, FUELS, STATUSES } from "./draft";
import { ALL, isFiltered, SORTS, type VehicleQuery } from "./query";
import { TEXTS } from "./texts";

export function Filters({ query, onChange }: { query: VehicleQuery; onChange(next: VehicleQuery): void }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const set = (part: Partial<VehicleQuery>) => onChange({ ...query, page: 1, ...part });
  const [words, setWords] = useTyped(query.q, (q) => set({ q }));
  const phone = useMedia("(max-width: 48em)");
  const [more, setMore] = useState(false);
  // What narrows the list is never hidden.
  const shown = !phone || more || !!(query.status || query.fuel || query.body);
  const select = (label: string, name: "status" | "fuel" | "body" | "sort", data: { value: string; label: string }[]) => (
    <NativeSelect
      label={label}
      rightSection={<Icon name="down" size={16} />}
      value={query[name]}
      data={data}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  );
  const options = <T extends string>(values: readonly T[], labels: Record<T, string>) => [
    { value: "", label: t.all },
    ...values.map((value) => ({ value, label: labels[value] })),
  ];
  return (
    <search className="filters">
      <Input.Wrapper label={t.search} className="words">
        <Input
          type="search"
          name="q"
          value={words}
          maxLength={200}
          dir="auto"
          aria-label={t.search}
          leftSection={<Icon name="search" />}
          rightSectionPointerEvents="all"
          rightSection={words ? <CloseButton aria-label={t.clear} onClick={() => setWords("")} /> : null}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      </Input.Wrapper>
      {!shown && (
        <ActionIcon variant="default" size={36} aria-label={t.more} title={t.more} aria-expanded={false} onClick={() => setMore(true)}>
          <Icon name="filter" />
        </ActionIcon>
      )}
      {shown && (
        <>
          {select(t.field.status, "status", [...options(STATUSES, t.status), { value: "deleted", label: t.deleted }])}
          {select(t.field.fuel, "fuel", options(FUELS, t.fuel))}
          {select(t.field.body, "body", options(BODIES, t.body))}
          {select(
            t.sort,
            "sort",
            SORTS.map((value) => ({ value, label: t.sorts[value] })),
          )}
        </>
      )}
      {isFiltered(query) && (
        <Button variant="subtle" onClick={() => onChange({ ...ALL, sort: query.sort })}>
          {t.clear}
        </Button>
      )}
    </search>
  );
}
