/** What stands around every page: header with navigation, notice of a lost network, the page itself. */
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { clsx } from "clsx";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { meQuery } from "../api/accounts";
import { buttonClass } from "../ui/button";
import { Skeleton } from "../ui/states";
import { NetworkNotice } from "./network-notice";

// Most visitors are not signed in and need no menu.
const UserMenu = lazy(async () => ({ default: (await import("./user-menu")).UserMenu }));

/** The frame of the application. */
export function Layout() {
  const { t } = useTranslation();
  return (
    <>
      <a href="#content" className="absolute -top-20 left-4 z-50 rounded-lg bg-primary p-3 text-on-primary focus:top-2">
        {t("common.skip")}
      </a>
      <Header />
      <NetworkNotice />
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
          <span className="max-sm:sr-only">Lectern</span>
        </Link>
        <nav aria-label={t("nav.main")} className="flex min-w-0 flex-1 items-center gap-1 overflow-x-auto">
          <NavLink to="/streams">{t("nav.classes")}</NavLink>
          <NavLink to="/workouts">{t("nav.workouts")}</NavLink>
          {user && user.role !== "viewer" ? <NavLink to="/instructor/streams">{t("nav.teach")}</NavLink> : null}
          {user?.role === "admin" ? (
            // A phone has no room for a fourth: there it stands in the person's own menu.
            <NavLink to="/admin" className="max-sm:hidden">
              {t("nav.admin")}
            </NavLink>
          ) : null}
        </nav>
        {user ? (
          <Suspense fallback={<Skeleton className="h-9 w-11 sm:w-36" />}>
            <UserMenu user={user} />
          </Suspense>
        ) : isPending ? null : (
          <LogInLink />
        )}
      </div>
    </header>
  );
}

interface NavLinkProps {
  to: "/streams" | "/workouts" | "/instructor/streams" | "/admin";
  className?: string;
  children: string;
}

function NavLink({ to, className, children }: NavLinkProps) {
  return (
    <Link
      to={to}
      className={clsx(
        "rounded-lg px-2 py-2 text-sm font-medium whitespace-nowrap text-muted hover:bg-raised hover:text-ink sm:px-3",
        className,
      )}
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
