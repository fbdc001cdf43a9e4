/** Everything that can be done to one class. */
import { Link } from "@tanstack/react-router";
import { BarChart3, CalendarX2, Copy, Download, Ellipsis, ExternalLink, Pencil, Repeat, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { downloadUrl } from "../../api/instructor";
import type { OwnSession } from "../../api/types";
import { buttonClass } from "../../ui/button";
import { Question } from "../../ui/confirm-dialog";
import type { useSessionDeeds } from "./use-session-deeds";

type Deed = "cancel" | "cancelAll" | "remove";

const ITEM =
  "flex min-h-10 items-center gap-2 rounded-lg px-3 py-2 text-sm outline-none data-highlighted:bg-raised [&_svg]:size-4";

interface SessionMenuProps {
  session: OwnSession;
  deeds: ReturnType<typeof useSessionDeeds>;
}

/** A menu; what cannot be undone asks first. */
export function SessionMenu({ session, deeds }: SessionMenuProps) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Deed | null>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const params = { id: session.id };
  const open = session.status === "upcoming" || session.status === "live";
  const upcoming = session.status === "upcoming";
  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger
          ref={trigger}
          className={buttonClass({ variant: "secondary" })}
          disabled={deeds.pending}
          aria-label={t("studio.more", { title: session.title })}
        >
          <Ellipsis aria-hidden="true" />
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            align="end"
            sideOffset={6}
            collisionPadding={8}
            className="z-40 min-w-52 rounded-xl border border-line bg-surface p-1.5 shadow-lift"
          >
            <Item>
              <Link to="/instructor/streams/$id/edit" params={params}>
                <Pencil aria-hidden="true" />
                {t("studio.edit")}
              </Link>
            </Item>
            <Item>
              <Link to="/instructor/streams/create" search={{ from: session.id }}>
                <Copy aria-hidden="true" />
                {t("studio.duplicate")}
              </Link>
            </Item>
            <Item>
              <Link to="/instructor/streams/$id/analytics" params={params}>
                <BarChart3 aria-hidden="true" />
                {t("studio.analytics")}
              </Link>
            </Item>
            <Item>
              <Link to="/streams/$id/watch" params={params}>
                <ExternalLink aria-hidden="true" />
                {t("studio.view")}
              </Link>
            </Item>
            {session.recordingAvailable && !open ? (
              <Item>
                <a href={downloadUrl(session.id)} download>
                  <Download aria-hidden="true" />
                  {t("studio.download")}
                </a>
              </Item>
            ) : null}
            <DropdownMenu.Separator className="my-1.5 h-px bg-line" />
            {upcoming ? (
              <DropdownMenu.Item className={ITEM} onSelect={() => setAsked("cancel")}>
                <CalendarX2 aria-hidden="true" />
                {t("studio.cancel")}
              </DropdownMenu.Item>
            ) : null}
            {upcoming && session.seriesId ? (
              <DropdownMenu.Item className={ITEM} onSelect={() => setAsked("cancelAll")}>
                <Repeat aria-hidden="true" />
                {t("studio.cancelAll")}
              </DropdownMenu.Item>
            ) : null}
            <DropdownMenu.Item
              className={`${ITEM} text-danger data-disabled:opacity-55`}
              disabled={session.status === "live"}
              onSelect={() => setAsked("remove")}
            >
              <Trash2 aria-hidden="true" />
              {t("common.delete")}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <Questions session={session} asked={asked} deeds={deeds} onClose={() => setAsked(null)} trigger={trigger} />
    </>
  );
}

function Item({ children }: { children: ReactNode }) {
  return (
    <DropdownMenu.Item asChild className={ITEM}>
      {children}
    </DropdownMenu.Item>
  );
}

interface QuestionsProps extends SessionMenuProps {
  asked: Deed | null;
  onClose: () => void;
  trigger: React.RefObject<HTMLButtonElement | null>;
}

function Questions({ session, asked, deeds, onClose, trigger }: QuestionsProps) {
  const { t } = useTranslation();
  const { title, totalEnrollments: count, status } = session;
  const refund = count > 0 && status === "upcoming" ? ` ${t("studio.refund", { count })}` : "";
  const words: Record<Deed, { title: string; text: string; action: string }> = {
    cancel: {
      title: t("studio.cancelTitle", { title }),
      text: t("studio.cancelText") + refund,
      action: t("studio.cancel"),
    },
    cancelAll: { title: t("studio.cancelAllTitle"), text: t("studio.cancelAllText"), action: t("studio.cancelAll") },
    remove: {
      title: t("studio.deleteTitle", { title }),
      text: t("studio.deleteText") + refund,
      action: t("common.delete"),
    },
  };
  // While the question closes it keeps its words.
  const shown = words[asked ?? "remove"];
  return (
    <Question
      open={asked !== null}
      onOpenChange={(open) => !open && onClose()}
      returnTo={trigger}
      title={shown.title}
      description={shown.text}
      action={shown.action}
      onConfirm={() => asked && deeds[asked]()}
    />
  );
}
