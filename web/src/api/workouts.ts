/** The catalogue: recordings that were kept. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";

const PAGE = 24;

/** All of them, latest first. */
export const workoutsQuery = infiniteQueryOptions({
  queryKey: ["workouts"],
  queryFn: ({ pageParam }) => take(api.GET("/api/workouts", { params: { query: { limit: PAGE, skip: pageParam } } })),
  initialPageParam: 0,
  getNextPageParam: (page, all) => (page.hasMore ? all.length * PAGE : undefined),
});

/** One of them. */
export function workoutQuery(id: string) {
  return queryOptions({
    queryKey: ["workouts", id],
    queryFn: () => take(api.GET("/api/workouts/{id}", { params: { path: { id } } })),
  });
}
