/**
 * Where in the list we are, and the way on.
 */
import { ActionIcon, Button } from "@mantine/core";
import type { LeadPage } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, formatNumber, useLocale } from "../i18n";

/** The pages to offer: the ends, the neighbours, and a gap (0) between. */
export function pagesToShow(page: number, pages: number): number[] {
  const near = [1, page - 1, page, page + 1, pages].filter((n) => n >= 1 && n <= pages);
  const sorted = [...new Set(near)].sort((a, b) => a - b);
  return sorted.flatMap((n, i) => {
    const before = sorted[i - 1];
    if (before === undefined || n - before === 1) return [n];
    return n - before === 2 ? [n - 1, n] : [0, n];
  });
}

/** Which page of how many; `shown` rows are on it. */
interface Props {
  page: Pick<LeadPage, "page" | "per_page" | "pages" | "total">;
  shown: number;
  onPage(page: number): void;
}

export function Pager({ page, shown, onPage }: Props) {
  const { lang, t } = useLocale();
  const from = (page.page - 1) * page.per_page + 1;
  const to = Math.min(page.total, from + shown - 1);
  const number = (n: number) => formatNumber(n, lang);
  const rtl = lang === "ar";
  return (
    <nav className="pager" aria-label={t.pager.label}>
      <span className="muted">{fill(t.pager.of, { from: number(from), to: number(to), total: number(page.total) })}</span>
      {page.pages > 1 && (
        <div className="pages">
          <ActionIcon
            variant="default"
            size={38}
            aria-label={t.pager.previous}
            disabled={page.page <= 1}
            onClick={() => onPage(page.page - 1)}
          >
            <Icon name={rtl ? "next" : "previous"} />
          </ActionIcon>
          {pagesToShow(page.page, page.pages).map((n, i) =>
            n === 0 ? (
              <span key={`gap${i}`} className="gap">
                …
              </span>
            ) : (
              <Button
                key={n}
                variant={n === page.page ? "filled" : "default"}
                aria-current={n === page.page ? "page" : undefined}
                onClick={() => onPage(n)}
                px={12}
                h={38}
              >
                {number(n)}
              </Button>
            ),
          )}
          <ActionIcon
            variant="default"
            size={38}
            aria-label={t.pager.next}
            disabled={page.page >= page.pages}
            onClick={() => onPage(page.page + 1)}
          >
            <Icon name={rtl ? "previous" : "next"} />
          </ActionIcon>
        </div>
      )}
    </nav>
  );
}
