/** One message: who, when, what, and what can be done about it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ban, Pin, PinOff, Trash2, VolumeX } from "lucide-react";
import { useTranslation } from "react-i18next";
import { bansQuery, deleteMessage, pinMessage, silence } from "../api/conversation";
import type { ChatMessage, ChatPage } from "../api/types";
import { Avatar } from "../ui/avatar";
import { Failure } from "../ui/failure";
import { useLocale } from "../ui/i18n/locale";
import { type MenuItem, MoreMenu } from "../ui/menu";
import { timeOfDay } from "../ui/time";
import { chatQuery, pin, remove } from "./chat-log";
import { HostBadge } from "./host-badge";
import type { Conversation } from "./use-conversation";

/** How long *mute* lasts. */
const MUTE_MINUTES = 10;

/** A line of the chat. */
export function ChatLine({ message, conversation }: { message: ChatMessage; conversation: Conversation }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { items, error } = useDeeds(message, conversation);
  return (
    <li className="group flex gap-2.5 px-3 py-1.5 hover:bg-raised" data-message={message.id}>
      <Avatar initials={message.userInitials} person={message.userId} />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 text-sm">
          <span className="min-w-0 font-semibold wrap-anywhere">{message.userName}</span>
          {message.isHost ? <HostBadge /> : null}
          <time dateTime={message.createdAt} className="text-xs text-muted tabular-nums">
            {timeOfDay(message.createdAt, locale)}
          </time>
        </p>
        <p className="text-sm whitespace-pre-line wrap-anywhere">{message.message}</p>
        <Failure error={error} />
      </div>
      <MoreMenu label={t("chat.menu", { name: message.userName })} items={items} />
    </li>
  );
}

function useDeeds(message: ChatMessage, { sessionId, host, me }: Conversation) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const change = (how: (known: ChatPage) => ChatPage) =>
    queries.setQueryData<ChatPage>(chatQuery(sessionId).queryKey, (known) => known && how(known));
  const deed = useMutation({ mutationFn: (run: () => Promise<void>) => run() });
  const own = me?.id === message.userId;

  const items: MenuItem[] = [];
  if (host) {
    items.push({
      label: message.isPinned ? t("chat.unpin") : t("chat.pin"),
      icon: message.isPinned ? <PinOff aria-hidden="true" /> : <Pin aria-hidden="true" />,
      onSelect: () =>
        deed.mutate(async () => {
          await pinMessage(sessionId, message.id, !message.isPinned);
          change((known) => pin(known, message.isPinned ? null : message));
        }),
    });
  }
  if (host && !own) {
    const quieten = (minutes: number | null) =>
      deed.mutate(async () => {
        await silence(sessionId, message.userId, minutes);
        await queries.invalidateQueries({ queryKey: bansQuery(sessionId).queryKey });
      });
    items.push(
      {
        label: t("chat.mute", { count: MUTE_MINUTES }),
        icon: <VolumeX aria-hidden="true" />,
        onSelect: () => quieten(MUTE_MINUTES),
      },
      { label: t("chat.ban"), icon: <Ban aria-hidden="true" />, danger: true, onSelect: () => quieten(null) },
    );
  }
  if (host || own) {
    items.push({
      label: t("chat.delete"),
      icon: <Trash2 aria-hidden="true" />,
      danger: true,
      onSelect: () =>
        deed.mutate(async () => {
          await deleteMessage(sessionId, message.id);
          change((known) => remove(known, message.id));
        }),
    });
  }
  return { items, error: deed.error };
}
