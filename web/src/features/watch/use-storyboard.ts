/** The small pictures for scrubbing through a recording. */
import { useQuery } from "@tanstack/react-query";
import { parseStoryboard } from "../../media/storyboard";

/** Loaded once somebody points at the bar; empty where there are none. */
export function useStoryboard(playlist: string, wanted: boolean) {
  const url = playlist.replace(/[^/]*$/, "storyboard.vtt");
  const { data = [] } = useQuery({
    queryKey: ["storyboard", url],
    queryFn: async () => {
      const response = await fetch(url);
      return response.ok ? parseStoryboard(await response.text(), new URL(response.url, location.href).href) : [];
    },
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return data;
}
