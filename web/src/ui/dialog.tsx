/** A window over the page, for a short form. */
import { X } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { buttonClass } from "./button";

interface DialogProps {
  trigger: ReactNode;
  title: string;
  description: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Where it is drawn, if not over the whole page: what is full screen shows nothing else. */
  container?: HTMLElement | null;
  children: ReactNode;
}

/** Closed by Escape, by its button, and by a press beside it; the focus goes back to where it was. */
export function Dialog({ trigger, title, description, open, onOpenChange, container, children }: DialogProps) {
  const { t } = useTranslation();
  const before = useRef<Element | null>(null);
  return (
    <Primitive.Root open={open} onOpenChange={onOpenChange}>
      <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>
      <Primitive.Portal container={container ?? null}>
        <Primitive.Overlay className="fixed inset-0 z-40 bg-black/55" />
        <Primitive.Content
          onOpenAutoFocus={() => {
            before.current = document.activeElement;
          }}
          onCloseAutoFocus={(event) => {
            // Where nothing had it (Safari gives buttons none when they are pressed), the trigger gets it.
            if (!(before.current instanceof HTMLElement) || before.current === document.body) return;
            event.preventDefault();
            before.current.focus();
          }}
          className="fixed top-1/2 left-1/2 z-50 max-h-[calc(100dvh-2rem)] w-[calc(100%-2rem)] max-w-md -translate-1/2 overflow-y-auto rounded-card border border-line bg-surface p-6 text-ink shadow-lift"
        >
          <div className="flex items-start justify-between gap-4">
            <Primitive.Title className="text-lg font-semibold">{title}</Primitive.Title>
            <Primitive.Close
              className={buttonClass({ variant: "quiet", size: "small" })}
              aria-label={t("common.close")}
            >
              <X aria-hidden="true" />
            </Primitive.Close>
          </div>
          <Primitive.Description className="mt-1 mb-4 text-sm text-muted">{description}</Primitive.Description>
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
