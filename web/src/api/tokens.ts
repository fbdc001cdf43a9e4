/** The signed-in person's tokens. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, take } from "./client";

const PAGE = 30;

/** How many there are. */
export const balanceQuery = queryOptions({
  queryKey: ["tokens", "balance"],
  queryFn: async () => (await take(api.GET("/api/tokens/balance"))).balance,
});

/** How they came and went, latest first. */
export const transactionsQuery = infiniteQueryOptions({
  queryKey: ["tokens", "transactions"],
  queryFn: ({ pageParam }) => {
    const query = { limit: PAGE, ...(pageParam ? { before: pageParam } : {}) };
    return take(api.GET("/api/tokens/transactions", { params: { query } }));
  },
  initialPageParam: "",
  getNextPageParam: (page) => (page.hasMore ? page.transactions.at(-1)?.id : undefined),
});
