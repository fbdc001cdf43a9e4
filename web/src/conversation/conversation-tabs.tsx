/** Chat, polls and questions under tabs, as the watch page and the broadcast page show them. */
import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { TabPanel, Tabs } from "../ui/tabs";
import { chatQuery, unread } from "./chat-log";
import { ChatPanel } from "./chat-panel";
import { RaisedHands } from "./hands";
import { PollPanel } from "./poll-panel";
import { QuestionPanel } from "./question-panel";
import type { Conversation } from "./use-conversation";

interface ConversationTabsProps {
  conversation: Conversation;
  /** A tab in front of the others, where there is no room beside them. */
  first?: { label: string; content: ReactNode } | undefined;
  /** Somebody chose another tab. */
  onChoose?: (() => void) | undefined;
  /** Gives the panels their height; the column is a flex box. */
  className?: string;
}

/** The tabs; what is behind them goes on while it is not shown. */
export function ConversationTabs({ conversation, first, onChoose, className }: ConversationTabsProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState("first");
  const shown = chosen === "first" && !first ? "chat" : chosen;
  const { data: chat } = useQuery({ ...chatQuery(conversation.sessionId), enabled: conversation.ready });
  const news = shown === "chat" ? 0 : unread(chat, conversation.seen, conversation.me?.id);
  const tabs = [
    ...(first ? [{ id: "first", label: first.label }] : []),
    { id: "chat", label: t("chat.title"), news, newsText: t("chat.unread", { count: news }) },
    { id: "polls", label: t("polls.title") },
    { id: "questions", label: t("questions.title") },
  ];
  return (
    <Tabs
      label={t("conversation.title")}
      tabs={tabs}
      value={shown}
      onChange={(id) => {
        setChosen(id);
        onChoose?.();
      }}
      className={clsx("flex min-h-0 flex-col", className)}
    >
      {first ? (
        <TabPanel id="first" className="min-h-0 flex-1 overflow-y-auto">
          {first.content}
        </TabPanel>
      ) : null}
      <TabPanel id="chat" className={COLUMN}>
        {conversation.host ? <RaisedHands conversation={conversation} /> : null}
        <ChatPanel conversation={conversation} shown={shown === "chat"} />
      </TabPanel>
      <TabPanel id="polls" className="min-h-0 flex-1 overflow-y-auto">
        <PollPanel conversation={conversation} />
      </TabPanel>
      <TabPanel id="questions" className={COLUMN}>
        <QuestionPanel conversation={conversation} />
      </TabPanel>
    </Tabs>
  );
}

const COLUMN = "flex min-h-0 flex-1 flex-col";
