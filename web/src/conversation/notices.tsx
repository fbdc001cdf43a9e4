/** Short words inside a panel. */
import { Link } from "@tanstack/react-router";
import { WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { SocketState } from "../media/socket-link";
import type { Conversation } from "./use-conversation";

/** Says that what is shown may be old. */
export function ConnectionNotice({ connection }: { connection: SocketState }) {
  const { t } = useTranslation();
  if (connection !== "reconnecting") return null;
  return (
    <p role="status" className="flex items-center gap-2 bg-warn-soft px-3 py-1.5 text-sm text-warn">
      <WifiOff className="size-4 shrink-0" aria-hidden="true" />
      {t("conversation.reconnecting")}
    </p>
  );
}

/** What an empty panel says. */
export function PanelHint({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-10 text-center text-sm text-muted [&_svg]:size-8">
      {icon}
      <p className="max-w-64">{children}</p>
    </div>
  );
}

/** In place of a form, for those who may not use it: why, and what to do about it. Nothing for those who may. */
export function WhyNot({ conversation }: { conversation: Conversation }) {
  const { t } = useTranslation();
  const { me, member, status, sessionId } = conversation;
  const over = status === "ended" || status === "cancelled";
  if (member && !over) return null;
  const next = `/streams/${sessionId}/watch`;
  return (
    <p className="border-t border-line px-3 py-3 text-center text-sm text-muted">
      {over ? (
        t("conversation.over")
      ) : me ? (
        t("conversation.enrol")
      ) : (
        <Link to="/login" search={{ next }} className="font-semibold text-primary underline">
          {t("conversation.logIn")}
        </Link>
      )}
    </p>
  );
}
