/** Lists that come page by page: loading, failed, empty, more. */
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import { EmptyState, ErrorState, Loading, Skeleton } from "./states";

interface PagedProps<Page, Item> {
  query: UseInfiniteQueryResult<InfiniteData<Page>>;
  items: (page: Page) => Item[];
  /** Shown when there is nothing: a sentence, or what says what to do next. */
  empty: ReactNode;
  /** Shown until the first page is there, of the size that the list will have. */
  skeleton?: ReactNode;
  children: (items: Item[]) => ReactNode;
}

/** Shows the items of all pages, with a button for the next one. */
export function Paged<Page, Item>({ query, items, empty, skeleton, children }: PagedProps<Page, Item>) {
  const { t } = useTranslation();
  if (query.isPending) {
    return <Loading>{skeleton ?? <Skeleton className="h-64" />}</Loading>;
  }
  if (!query.data) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const all = query.data.pages.flatMap(items);
  if (all.length === 0) return typeof empty === "string" ? <EmptyState title={empty} /> : empty;
  return (
    <div className="grid gap-4">
      {children(all)}
      {query.hasNextPage ? (
        <div className="text-center">
          <Button variant="secondary" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {t("common.more")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}
