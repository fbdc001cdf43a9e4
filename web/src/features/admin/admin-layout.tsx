/** What stands around the admins' pages: their own navigation. */
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

const PAGES = [
  { to: "/admin", name: "health" },
  { to: "/admin/users", name: "users" },
  { to: "/admin/classes", name: "classes" },
  { to: "/admin/jobs", name: "jobs" },
  { to: "/admin/recordings", name: "recordings" },
  { to: "/admin/audit", name: "audit" },
  { to: "/admin/settings", name: "settings" },
] as const;

/** Tabs above the page. */
export function AdminLayout() {
  const { t } = useTranslation();
  return (
    <>
      <nav aria-label={t("admin.nav")} className="border-b border-line bg-surface">
        <div className="mx-auto flex w-full max-w-7xl flex-wrap gap-x-1 px-2 py-1.5 sm:px-6">
          {PAGES.map(({ to, name }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: true }}
              className="rounded-lg px-2 py-2 text-sm sm:px-3 font-medium text-muted hover:bg-raised hover:text-ink"
              activeProps={{ className: "bg-raised text-ink" }}
            >
              {t(`admin.pages.${name}`)}
            </Link>
          ))}
        </div>
      </nav>
      <Outlet />
    </>
  );
}
