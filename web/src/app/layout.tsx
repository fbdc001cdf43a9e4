/** What stands around every page: header with navigation, notice of a lost network, the page itself. */
import { onlineManager, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { CircleUserRound, LogOut, Settings, WifiOff } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { forgetEverything, logOut, meQuery } from "../api/accounts";
import type { User } from "../api/types";
import { buttonClass } from "../ui/button";

/** The frame of the application. */
export function Layout() {
  const { t } = useTranslation();
  return (
    <>
      <a href="#content" className="absolute -top-20 left-4 z-50 rounded-lg bg-primary p-3 text-on-primary focus:top-2">
        {t("common.skip")}
      </a>
      <Header />
      <OfflineNotice />
      <main id="content" className="flex-1 pb-8" tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

function Header() {
  const { t } = useTranslation();
  const { data: user, isPending } = useQuery(meQuery);
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-surface">
      <div className="mx-auto flex h-14 w-full max-w-7xl items-center gap-1 px-3 sm:h-16 sm:gap-4 sm:px-6">
        <Link to="/streams" className="flex items-center gap-2 rounded-lg p-1 font-bold tracking-tight">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <span className={user ? "max-sm:sr-only" : ""}>Lectern</span>
        </Link>
        <nav aria-label={t("nav.main")} className="flex flex-1 items-center gap-1">
          <NavLink to="/streams">{t("nav.classes")}</NavLink>
          {user && user.role !== "viewer" ? <NavLink to="/instructor/streams">{t("nav.teach")}</NavLink> : null}
        </nav>
        {user ? <UserMenu user={user} /> : isPending ? null : <LogInLink />}
      </div>
    </header>
  );
}

function NavLink({ to, children }: { to: "/streams" | "/instructor/streams"; children: string }) {
  return (
    <Link
      to={to}
      className="rounded-lg px-3 py-2 text-sm font-medium text-muted hover:bg-raised hover:text-ink"
      activeProps={{ className: "bg-raised text-ink" }}
    >
      {children}
    </Link>
  );
}

function LogInLink() {
  const { t } = useTranslation();
  return (
    <Link to="/login" className={buttonClass({ variant: "secondary", size: "small" })}>
      {t("nav.logIn")}
    </Link>
  );
}

function UserMenu({ user }: { user: User }) {
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
          <DropdownMenu.Item className={item} onSelect={() => void leave()}>
            <LogOut className="size-4" aria-hidden="true" />
            {t("nav.logOut")}
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function OfflineNotice() {
  const { t } = useTranslation();
  const online = useSyncExternalStore(
    (listener) => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  if (online) return null;
  return (
    <div role="status" className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-sm text-warn">
      <WifiOff className="size-4 shrink-0" aria-hidden="true" />
      {t("offline")}
    </div>
  );
}
