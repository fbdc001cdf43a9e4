/** The signed-in person's own menu. */
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { clsx } from "clsx";
import { CircleUserRound, Coins, LogOut, Settings, ShieldCheck } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useTranslation } from "react-i18next";
import { forgetEverything, logOut } from "../api/accounts";
import type { User } from "../api/types";
import { buttonClass } from "../ui/button";

/** Opens from the name in the header. */
export function UserMenu({ user }: { user: User }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const item = "flex items-center gap-2 rounded-lg px-3 py-2 text-sm outline-none data-highlighted:bg-raised";

  async function leave(): Promise<void> {
    await logOut();
    await forgetEverything(queries);
    await navigate({ to: "/streams" });
  }

  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger
        className={buttonClass({ variant: "quiet", size: "small" })}
        aria-label={t("nav.menu", { name: user.name })}
      >
        <CircleUserRound aria-hidden="true" />
        <span className="max-w-32 truncate max-sm:hidden">{user.name}</span>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={6}
          className="z-40 min-w-52 rounded-xl border border-line bg-surface p-1.5 shadow-lift"
        >
          <DropdownMenu.Label className="truncate px-3 py-1.5 text-sm text-muted">{user.email}</DropdownMenu.Label>
          <DropdownMenu.Item asChild className={item}>
            <Link to="/account">
              <Settings className="size-4" aria-hidden="true" />
              {t("nav.account")}
            </Link>
          </DropdownMenu.Item>
          <DropdownMenu.Item asChild className={item}>
            <Link to="/tokens">
              <Coins className="size-4" aria-hidden="true" />
              {t("nav.tokens")}
            </Link>
          </DropdownMenu.Item>
          {user.role === "admin" ? (
            <DropdownMenu.Item asChild className={clsx(item, "sm:hidden")}>
              <Link to="/admin">
                <ShieldCheck className="size-4" aria-hidden="true" />
                {t("nav.admin")}
              </Link>
            </DropdownMenu.Item>
          ) : null}
          <DropdownMenu.Item className={item} onSelect={() => void leave()}>
            <LogOut className="size-4" aria-hidden="true" />
            {t("nav.logOut")}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
