/** The catalogue: classes that were kept to be watched at any time. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Library, Play } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { Workout } from "../../api/types";
import { workoutsQuery } from "../../api/workouts";
import { buttonClass } from "../../ui/button";
import { Card, Page } from "../../ui/page";
import { Paged } from "../../ui/paged";
import { EmptyState, Skeleton } from "../../ui/states";
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
  const workouts = useInfiniteQuery(workoutsQuery);
  return (
    <Paged
      query={workouts}
      items={(page) => page.workouts}
      empty={<NoWorkouts />}
      skeleton={
        <div className={GRID}>
          <Skeleton className="h-80" />
          <Skeleton className="h-80" />
          <Skeleton className="h-80" />
        </div>
      }
    >
      {(all) => (
        <ul className={GRID}>
          {all.map((workout) => (
            <li key={workout.id}>
              <WorkoutCard workout={workout} />
            </li>
          ))}
        </ul>
      )}
    </Paged>
  );
}

function NoWorkouts() {
  const { t } = useTranslation();
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

const GRID = "grid gap-4 sm:grid-cols-2 lg:grid-cols-3";

function WorkoutCard({ workout }: { workout: Workout }) {
  const { t } = useTranslation();
  const { id, title, description, durationMinutes, thumbnailUrl } = workout;
  return (
    <Card className="flex h-full flex-col overflow-hidden transition-shadow hover:shadow-lift">
      <Thumbnail url={thumbnailUrl} phase={null} />
      <div className="flex flex-1 flex-col gap-2 p-4">
        <h2 className="text-lg leading-snug font-semibold wrap-anywhere hyphens-auto">{title}</h2>
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
