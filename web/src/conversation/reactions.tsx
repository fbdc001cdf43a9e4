/** Emoji that float over the picture, and the row of buttons that sends them. */
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { REACTIONS, react } from "../api/conversation";
import type { Conversation } from "./use-conversation";

/** As long as the animation of `float-up`. */
const SHOWN_MS = 3_000;
/** A class of thousands claps: more than this only costs battery. */
const MOST = 24;
/** Of one kind at once. */
const MOST_OF_ONE = 5;

interface Float {
  key: number;
  emoji: string;
  /** Percent from the right edge. */
  place: number;
}

/** Lies over the picture and lets every press through. */
export function FloatingReactions({ moments }: { moments: Conversation["moments"] }) {
  const [floats, setFloats] = useState<Float[]>([]);
  useEffect(() => {
    let key = 0;
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const off = moments.on("reaction", ({ emoji, count }) => {
      const fresh = Array.from({ length: Math.min(count, MOST_OF_ONE) }, () => {
        key += 1;
        return { key, emoji, place: 3 + Math.random() * 24 };
      });
      setFloats((shown) => [...shown, ...fresh].slice(-MOST));
      const timer = setTimeout(() => {
        timers.delete(timer);
        setFloats((shown) => shown.filter((float) => !fresh.includes(float)));
      }, SHOWN_MS);
      timers.add(timer);
    });
    return () => {
      off();
      for (const timer of timers) clearTimeout(timer);
    };
  }, [moments]);
  return (
    <div className="pointer-events-none absolute inset-0 z-20 overflow-hidden" aria-hidden="true" data-reactions>
      {floats.map(({ key, emoji, place }) => (
        <span
          key={key}
          className="absolute bottom-14 animate-float-up text-3xl sm:text-4xl"
          style={{ right: `${place}%` }}
        >
          {emoji}
        </span>
      ))}
    </div>
  );
}

/** One button for each reaction. */
export function ReactionBar({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation();
  // Too many at once are simply not sent: there is nothing to say about it.
  const send = useMutation({ mutationFn: (emoji: string) => react(sessionId, emoji) });
  return (
    <fieldset className="-ml-2 flex flex-wrap">
      <legend className="sr-only">{t("reactions.title")}</legend>
      {REACTIONS.map((emoji) => (
        <button
          key={emoji}
          type="button"
          aria-label={t("reactions.send", { emoji })}
          onClick={() => send.mutate(emoji)}
          className="inline-flex size-11 items-center justify-center rounded-full text-xl transition-transform hover:bg-raised active:scale-90"
        >
          {emoji}
        </button>
      ))}
    </fieldset>
  );
}
