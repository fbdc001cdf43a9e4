/** The catalogue: recordings that were kept. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./pending";

const PAGE = 24;

export interface Workout {
  id: string;
  title: string;
  description: string | null;
  durationMinutes: number;
  thumbnailUrl: string | null;
  hlsUrl: string | null;
  createdAt: string;
}

/** All of them, latest first. */
export const workoutsQuery = infiniteQueryOptions({
  queryKey: ["workouts"],
  queryFn: ({ pageParam }) =>
    call<{ workouts: Workout[]; hasMore: boolean }>("GET", `/api/workouts?limit=${PAGE}&skip=${pageParam}`),
  initialPageParam: 0,
  getNextPageParam: (page, all) => (page.hasMore ? all.length * PAGE : undefined),
});

/** One of them. */
export function workoutQuery(id: string) {
  return queryOptions({
    queryKey: ["workouts", id],
    queryFn: () => call<Workout>("GET", `/api/workouts/${id}`),
  });
}
