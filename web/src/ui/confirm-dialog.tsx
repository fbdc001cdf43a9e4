/** Asks before something that cannot be undone. */
import { AlertDialog } from "radix-ui";
import type { ReactNode, RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";

interface QuestionProps {
  title: string;
  description: string;
  /** What the confirming button says: the deed, not "yes". */
  action: string;
  onConfirm: () => void;
}

interface ConfirmProps extends QuestionProps {
  /** The button that opens the question. */
  trigger: ReactNode;
}

interface OpenQuestionProps extends QuestionProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** What has the focus afterwards. */
  returnTo: RefObject<HTMLElement | null>;
}

/** A modal question with the deed and a way back. */
export function ConfirmDialog({ trigger, ...question }: ConfirmProps) {
  return (
    <AlertDialog.Root>
      <AlertDialog.Trigger asChild>{trigger}</AlertDialog.Trigger>
      <Content {...question} />
    </AlertDialog.Root>
  );
}

/** The same, opened by something else than a button of its own, for example by an item of a menu. */
export function Question({ open, onOpenChange, returnTo, ...question }: OpenQuestionProps) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <Content {...question} onClose={() => returnTo.current?.focus()} />
    </AlertDialog.Root>
  );
}

function Content({ title, description, action, onConfirm, onClose }: QuestionProps & { onClose?: () => void }) {
  const { t } = useTranslation();
  return (
    <AlertDialog.Portal>
      <AlertDialog.Overlay className="fixed inset-0 z-40 bg-black/55" />
      <AlertDialog.Content
        {...(onClose && { onCloseAutoFocus: onClose })}
        className="fixed top-1/2 left-1/2 z-50 w-[calc(100%-2rem)] max-w-md -translate-1/2 rounded-card border border-line bg-surface p-6 shadow-lift"
      >
        <AlertDialog.Title className="text-lg font-semibold wrap-anywhere">{title}</AlertDialog.Title>
        <AlertDialog.Description className="mt-2 text-muted">{description}</AlertDialog.Description>
        <div className="mt-6 flex flex-wrap justify-end gap-2">
          <AlertDialog.Cancel asChild>
            <Button variant="secondary">{t("common.cancel")}</Button>
          </AlertDialog.Cancel>
          <AlertDialog.Action asChild>
            <Button variant="danger" onClick={onConfirm}>
              {action}
            </Button>
          </AlertDialog.Action>
        </div>
      </AlertDialog.Content>
    </AlertDialog.Portal>
  );
}
