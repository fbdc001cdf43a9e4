/** One recording of the catalogue. */
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft, Lock } from "lucide-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Workout } from "../../api/types";
import { workoutQuery } from "../../api/workouts";
import { Page } from "../../ui/page";
import { explain, statusOf } from "../../ui/problem";
import { EmptyState, ErrorState, Loading, Skeleton } from "../../ui/states";
import { useTitle } from "../../ui/use-title";
import { Stage } from "./stage";

const ReplayPlayer = lazy(async () => ({ default: (await import("./replay-player")).ReplayPlayer }));
const route = getRouteApi("/workouts/$id");

/** `/workouts/{id}` */
export function WorkoutPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const workout = useQuery(workoutQuery(id));
  if (workout.data) return <Watch key={id} workout={workout.data} />;
  if (workout.isPending) {
    return (
      <div className={FRAME}>
        <Loading>
          <Skeleton className="aspect-video rounded-none sm:rounded-card" />
        </Loading>
      </div>
    );
  }
  return (
    <Page title={explain(workout.error, t).title} width="text">
      {statusOf(workout.error) === 403 ? (
        <EmptyState icon={<Lock aria-hidden="true" />} title={t("workouts.closed")} />
      ) : (
        <ErrorState error={workout.error} onRetry={() => void workout.refetch()} />
      )}
    </Page>
  );
}

const FRAME = "mx-auto w-full max-w-5xl sm:px-6 sm:pt-6";

function Watch({ workout }: { workout: Workout }) {
  const { t } = useTranslation();
  const { title, description, durationMinutes, hlsUrl, storyboardUrl, thumbnailUrl } = workout;
  useTitle(title);
  return (
    <div className={FRAME}>
      {hlsUrl ? (
        <Suspense fallback={<Stage state="connecting">{null}</Stage>}>
          <ReplayPlayer playlist={hlsUrl} poster={thumbnailUrl} storyboard={storyboardUrl ?? null} />
        </Suspense>
      ) : (
        <EmptyState icon={<Lock aria-hidden="true" />} title={t("workouts.closed")} />
      )}
      <div className="grid gap-2 px-4 pt-4 sm:px-0">
        <Link to="/workouts" className="inline-flex items-center gap-1 text-sm text-muted hover:underline">
          <ArrowLeft className="size-4" aria-hidden="true" />
          {t("workouts.title")}
        </Link>
        <h1 className="text-xl font-bold tracking-tight wrap-anywhere hyphens-auto sm:text-3xl">{title}</h1>
        <p className="text-sm text-muted">{t("common.minutes", { count: durationMinutes })}</p>
        {description ? <p className="max-w-prose whitespace-pre-line wrap-anywhere">{description}</p> : null}
      </div>
    </div>
  );
}
