/** An instructor: follow, and see their classes. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { UserCheck, UserPlus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { meQuery } from "../../api/accounts";
import { follow, instructorQuery } from "../../api/notifications";
import { sessionsQuery } from "../../api/sessions";
import type { Instructor } from "../../api/types";
import { Button } from "../../ui/button";
import { Failure } from "../../ui/failure";
import { Page } from "../../ui/page";
import { explain } from "../../ui/problem";
import { ErrorState, Loading, Skeleton } from "../../ui/states";
import { Lists } from "./lists";

const route = getRouteApi("/instructors/$id");

/** `/instructors/{id}` */
export function InstructorPage() {
  const { t } = useTranslation();
  const { id } = route.useParams();
  const instructor = useQuery(instructorQuery(id));
  const live = useQuery(sessionsQuery("live", { instructor: id }));
  const upcoming = useQuery(sessionsQuery("upcoming", { instructor: id }));
  const ended = useQuery(sessionsQuery("ended", { instructor: id }));
  if (instructor.isError) {
    return (
      <Page title={explain(instructor.error, t).title} width="text">
        <ErrorState error={instructor.error} onRetry={() => void instructor.refetch()} />
      </Page>
    );
  }
  if (!instructor.data) {
    return (
      <div className="mx-auto w-full max-w-7xl px-4 py-8 sm:px-6">
        <Loading>
          <Skeleton className="h-9 w-64" />
          <Skeleton className="mt-8 h-64" />
        </Loading>
      </div>
    );
  }
  const { name, followers, sessions } = instructor.data;
  const lead = `${t("instructor.sessions", { count: sessions })} · ${t("instructor.followers", { count: followers })}`;
  return (
    <Page title={name} lead={lead} actions={<FollowButton instructor={instructor.data} />}>
      <Lists live={live} upcoming={upcoming} ended={ended} filtered={false} />
    </Page>
  );
}

function FollowButton({ instructor }: { instructor: Instructor }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { data: user } = useQuery(meQuery);
  const { id, following } = instructor;
  const change = useMutation({
    mutationFn: (on: boolean) => follow(id, on),
    onSettled: () => queries.invalidateQueries({ queryKey: instructorQuery(id).queryKey }),
  });
  if (user?.id === id) return null;
  return (
    <div>
      <Button
        variant={following ? "secondary" : "primary"}
        aria-pressed={following}
        disabled={change.isPending}
        onClick={() =>
          user ? change.mutate(!following) : void navigate({ to: "/login", search: { next: `/instructors/${id}` } })
        }
      >
        {following ? <UserCheck aria-hidden="true" /> : <UserPlus aria-hidden="true" />}
        {following ? t("instructor.following") : t("instructor.follow")}
      </Button>
      <Failure error={change.error} className="mt-1" />
    </div>
  );
}
