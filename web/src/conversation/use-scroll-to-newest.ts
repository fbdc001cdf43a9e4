/** Keeps a list at its newest line, as long as the reader is there. */
import { useCallback, useLayoutEffect, useRef, useState } from "react";

/** Nearer to the end than this counts as being there. */
const NEAR_PX = 40;

/** Give `list` to the scrolling element and `onScroll` to its event; `lines` changes with what it shows. */
export function useScrollToNewest(lines: unknown) {
  const list = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = useCallback(() => {
    const element = list.current;
    if (element) element.scrollTop = element.scrollHeight;
    setAtEnd(true);
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what moves it
  useLayoutEffect(() => {
    if (atEnd) toEnd();
  }, [lines]);

  // A list that is shown again, or whose height changes with the keyboard of a phone.
  useLayoutEffect(() => {
    const element = list.current;
    if (!element || !atEnd) return;
    const observer = new ResizeObserver(toEnd);
    observer.observe(element);
    return () => observer.disconnect();
  }, [atEnd, toEnd]);

  const onScroll = useCallback(() => {
    const element = list.current;
    // A hidden list has no height and says nothing of its reader.
    if (!element || element.clientHeight === 0) return;
    setAtEnd(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX);
  }, []);

  return { list, atEnd, toEnd, onScroll };
}
