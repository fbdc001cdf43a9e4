/** The small pictures for scrubbing through a recording. */
import { useQuery } from "@tanstack/react-query";
import { parseStoryboard } from "../../media/storyboard";

/** Loaded from its address once somebody points at the bar; empty where there are none. */
export function useStoryboard(url: string | null, wanted: boolean) {
  const { data = [] } = useQuery({
    queryKey: ["storyboard", url],
    queryFn: async () => {
      const response = await fetch(url ?? "");
      return response.ok ? parseStoryboard(await response.text(), new URL(response.url, location.href).href) : [];
    },
    enabled: wanted && url !== null,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return data;
}
