/** The catalogue: classes that were kept to be watched at any time. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Library, Play } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Workout } from "../../api/types";
import { workoutsQuery } from "../../api/workouts";
import { Button, buttonClass } from "../../ui/button";
import { Card, Page } from "../../ui/page";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { Thumbnail } from "../../ui/thumbnail";

/** `/workouts` */
export function WorkoutsPage() {
  const { t } = useTranslation();
  return (
    <Page title={t("workouts.title")} lead={t("workouts.lead")}>
      <Catalogue />
    </Page>
  );
}

function Catalogue() {
  const { t } = useTranslation();
  const pages = useInfiniteQuery(workoutsQuery);
  if (pages.isPending) {
    return (
      <Loading>
        <div className={GRID}>
          <Skeleton className="h-80" />
          <Skeleton className="h-80" />
          <Skeleton className="h-80" />
        </div>
      </Loading>
    );
  }
  if (!pages.data) return <ErrorState error={pages.error} onRetry={() => void pages.refetch()} />;
  const workouts = pages.data.pages.flatMap((page) => page.workouts);
  if (workouts.length === 0) {
    return (
      <EmptyState
        icon={<Library aria-hidden="true" />}
        title={t("workouts.empty")}
        actions={
          <Link to="/streams" className={buttonClass()}>
            {t("notFound.home")}
          </Link>
        }
      >
        <p>{t("workouts.emptyText")}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <ul className={GRID}>
        {workouts.map((workout) => (
          <li key={workout.id}>
            <WorkoutCard workout={workout} />
          </li>
        ))}
      </ul>
      {pages.hasNextPage ? (
        <Button
          variant="secondary"
          className="mt-6"
          disabled={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {t("common.more")}
        </Button>
      ) : null}
    </>
  );
}

const GRID = "grid gap-4 sm:grid-cols-2 lg:grid-cols-3";

function WorkoutCard({ workout }: { workout: Workout }) {
  const { t } = useTranslation();
  const { id, title, description, durationMinutes, thumbnailUrl } = workout;
  return (
    <Card className="flex h-full flex-col overflow-hidden transition-shadow hover:shadow-lift">
      <Thumbnail url={thumbnailUrl} phase={null} />
      <div className="flex flex-1 flex-col gap-2 p-4">
        <h2 className="text-lg leading-snug font-semibold wrap-anywhere">{title}</h2>
        <p className="text-sm text-muted">{t("common.minutes", { count: durationMinutes })}</p>
        {description ? <p className="line-clamp-3 text-sm wrap-anywhere">{description}</p> : null}
        <Link
          to="/workouts/$id"
          params={{ id }}
          className={`${buttonClass({ variant: "secondary" })} mt-auto`}
          aria-label={`${t("workouts.watch")}: ${title}`}
        >
          <Play aria-hidden="true" />
          {t("workouts.watch")}
        </Link>
      </div>
    </Card>
  );
}
