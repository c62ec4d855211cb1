/**
 * Search and filters above the list. The search waits for a pause in the typing.
 */
import { ActionIcon, Button, CloseButton, Input, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { useMedia, useTyped } from "../hooks";
import { Icon } from "../icons";
import { useLocale } from "../i18n";
import { isFiltered, type LeadQuery, MAX_WORDS, NO_FILTER, SOURCES, STATUSES, WHOSE } from "./query";

export function Filters({ query, onChange }: { query: LeadQuery; onChange(next: LeadQuery): void }) {
  const { t } = useLocale();
  const [words, setWords] = useTyped(query.q, (q) => onChange({ ...query, page: 1, q }));
  const phone = useMedia("(max-width: 48em)");
  const [more, setMore] = useState(false);
  // What narrows the list is never hidden.
  const shown = !phone || more || !!(query.status || query.source || query.from || query.to);
  const set = (part: Partial<LeadQuery>) => onChange({ ...query, page: 1, ...part });
  const options = <T extends string>(values: readonly T[], labels: Record<T, string>) => [
    { value: "", label: t.filter.all },
    ...values.map((value) => ({ value, label: labels[value] })),
  ];
  return (
    <search className="filters">
      <Input.Wrapper label={t.filter.search} className="words">
        <Input
          type="search"
          name="q"
          value={words}
          maxLength={MAX_WORDS}
          dir="auto"
          aria-label={t.filter.search}
          leftSection={<Icon name="search" />}
          rightSectionPointerEvents="all"
          rightSection={words ? <CloseButton aria-label={t.filter.clear} onClick={() => setWords("")} /> : null}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      </Input.Wrapper>
      <fieldset className="whose">
        <legend className="sr">{t.whose.label}</legend>
        {(["", ...WHOSE] as const).map((value) => (
          <label key={value}>
            <input type="radio" name="whose" checked={query.whose === value} onChange={() => set({ whose: value })} />
            <span>{t.whose[value || "all"]}</span>
          </label>
        ))}
      </fieldset>
      {!shown && (
        <ActionIcon
          variant="default"
          size={36}
          aria-label={t.filter.more}
          title={t.filter.more}
          aria-expanded={false}
          onClick={() => setMore(true)}
        >
          <Icon name="filter" />
        </ActionIcon>
      )}
      {shown && (
        <>
          <NativeSelect
            label={t.filter.status}
            rightSection={<Icon name="down" size={16} />}
            value={query.status}
            data={options(STATUSES, t.status)}
            onChange={(event) => set({ status: event.currentTarget.value as LeadQuery["status"] })}
          />
          <NativeSelect
            label={t.filter.source}
            rightSection={<Icon name="down" size={16} />}
            value={query.source}
            data={options(SOURCES, t.source)}
            onChange={(event) => set({ source: event.currentTarget.value as LeadQuery["source"] })}
          />
          <TextInput
            type="date"
            label={t.filter.from}
            value={query.from}
            max={query.to || undefined}
            onChange={(event) => set({ from: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label={t.filter.to}
            value={query.to}
            min={query.from || undefined}
            onChange={(event) => set({ to: event.currentTarget.value })}
          />
        </>
      )}
      {isFiltered(query) && (
        <Button variant="subtle" onClick={() => onChange(NO_FILTER)}>
          {t.filter.clear}
        </Button>
      )}
    </search>
  );
}
