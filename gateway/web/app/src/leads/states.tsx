/**
 * The list when there is nothing to list: loading, empty, broken.
 */
import { Button, Skeleton } from "@mantine/core";
import { ProblemError, Unreachable } from "../../../sdk/http";
import { Icon } from "../icons";
import { fill, useLocale } from "../i18n";

export function ListSkeleton() {
  return (
    <div className="skeleton" aria-hidden="true" data-testid="skeleton">
      {Array.from({ length: 9 }, (_, i) => (
        <div key={i}>
          <Skeleton circle h={38} w={38} />
          <Skeleton h={12} w="16%" />
          <Skeleton h={12} w={`${42 - (i % 4) * 6}%`} />
          <Skeleton h={22} w={84} radius="xl" />
        </div>
      ))}
    </div>
  );
}

export function EmptyList({ filtered, demo, onClear }: { filtered: boolean; demo: string; onClear(): void }) {
  const { t } = useLocale();
  return (
    <div className="blank">
      <span className="disc">
        <Icon name={filtered ? "search" : "inbox"} size={30} />
      </span>
      <h2>{filtered ? t.empty.filtered : t.empty.title}</h2>
      <p>{filtered ? t.empty.filteredText : t.empty.text}</p>
      {filtered ? (
        <Button variant="light" onClick={onClear}>
          {t.filter.clear}
        </Button>
      ) : (
        <Button variant="light" component="a" href={demo}>
          {t.empty.demo}
        </Button>
      )}
    </div>
  );
}

export function ListError({ error, onRetry, busy }: { error: unknown; onRetry(): void; busy: boolean }) {
  const { t } = useLocale();
  return (
    <div className="blank" role="alert">
      <span className="disc bad">
        <Icon name="alert" size={30} />
      </span>
      <h2>{t.error.title}</h2>
      <p>{error instanceof Unreachable ? t.error.offline : t.error.text}</p>
      {error instanceof ProblemError && <p className="muted small">{fill(t.error.reference, { code: error.code || error.status })}</p>}
      <Button onClick={onRetry} loading={busy}>
        {t.error.retry}
      </Button>
    </div>
  );
}
