/** All pages on one screen. Each page's code is loaded when it is first opened, or pointed at. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { meQuery } from "../api/accounts";
import { sessionQuery, sessionsQuery } from "../api/sessions";
import { listing } from "../features/studio/listing";
import { CrashPage, ForbiddenPage, NotFoundPage, PendingPage } from "./fallback-pages";
import { Layout } from "./layout";

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ component: Layout, notFoundComponent: NotFoundPage });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/streams", replace: true });
  },
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  validateSearch: (search): { token?: string } => optionalText(search, "token"),
  component: lazyRouteComponent(() => import("../features/entry/setup-page"), "SetupPage"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search): { next?: string; problem?: string } => ({
    ...ownPath(search),
    ...optionalText(search, "problem"),
  }),
  component: lazyRouteComponent(() => import("../features/entry/login-page"), "LoginPage"),
});

const loginLink = createRoute({
  getParentRoute: () => root,
  path: "/login/link",
  validateSearch: (search): { token?: string } => optionalText(search, "token"),
  component: lazyRouteComponent(() => import("../features/entry/link-page"), "LinkPage"),
});

const signup = createRoute({
  getParentRoute: () => root,
  path: "/signup",
  validateSearch: (search): { next?: string } => ownPath(search),
  component: lazyRouteComponent(() => import("../features/entry/signup-page"), "SignupPage"),
});

const streams = createRoute({
  getParentRoute: () => root,
  path: "/streams",
  validateSearch: (search): { q?: string; phase?: number } => ({ ...optionalText(search, "q"), ...phaseOf(search) }),
  loaderDeps: ({ search }) => ({ search: search.q, phase: search.phase }),
  // What the page asks for is asked for while its code is still on its way.
  loader: ({ context: { queries }, deps }) => {
    void queries.prefetchQuery(meQuery);
    for (const status of ["live", "upcoming", "ended"] as const) {
      void queries.prefetchQuery(sessionsQuery(status, deps));
    }
  },
  component: lazyRouteComponent(() => import("../features/streams/streams-page"), "StreamsPage"),
});

const stream = createRoute({
  getParentRoute: () => root,
  path: "/streams/$id",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/streams/$id/watch", params, replace: true });
  },
});

const watch = createRoute({
  getParentRoute: () => root,
  path: "/streams/$id/watch",
  loader: ({ context: { queries }, params }) => {
    void queries.prefetchQuery(meQuery);
    void queries.prefetchQuery(sessionQuery(params.id));
  },
  component: lazyRouteComponent(() => import("../features/watch/watch-page"), "WatchPage"),
});

const instructorProfile = createRoute({
  getParentRoute: () => root,
  path: "/instructors/$id",
  component: lazyRouteComponent(() => import("../features/streams/instructor-page"), "InstructorPage"),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: "/tokens",
  beforeLoad: async ({ context, location }) => {
    const user = await context.queries.ensureQueryData(meQuery);
    if (!user) throw redirect({ to: "/login", search: { next: location.href } });
  },
  component: lazyRouteComponent(() => import("../features/account/tokens-page"), "TokensPage"),
});

const workouts = createRoute({
  getParentRoute: () => root,
  path: "/workouts",
  component: lazyRouteComponent(() => import("../features/workouts/workouts-page"), "WorkoutsPage"),
});

const workout = createRoute({
  getParentRoute: () => root,
  path: "/workouts/$id",
  component: lazyRouteComponent(() => import("../features/watch/workout-page"), "WorkoutPage"),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("../features/account/account-page"), "AccountPage"),
});

/** Everything below needs an instructor's login. */
const instructor = createRoute({
  getParentRoute: () => root,
  path: "/instructor",
  beforeLoad: async ({ context, location }) => {
    const user = await context.queries.ensureQueryData(meQuery);
    if (!user) throw redirect({ to: "/login", search: { next: location.href } });
    if (user.role === "viewer") throw new ForbiddenError("instructor");
  },
  errorComponent: Refusal,
});

const studio = createRoute({
  getParentRoute: () => instructor,
  path: "/streams",
  validateSearch: listing,
  component: lazyRouteComponent(() => import("../features/studio/studio-page"), "StudioPage"),
});

const create = createRoute({
  getParentRoute: () => instructor,
  path: "/streams/create",
  validateSearch: (search): { from?: string } => optionalText(search, "from"),
  component: lazyRouteComponent(() => import("../features/studio/create-page"), "CreatePage"),
});

const broadcast = createRoute({
  getParentRoute: () => instructor,
  path: "/streams/$id/broadcast",
  component: lazyRouteComponent(() => import("../features/broadcast/broadcast-page"), "BroadcastPage"),
});

const edit = createRoute({
  getParentRoute: () => instructor,
  path: "/streams/$id/edit",
  component: lazyRouteComponent(() => import("../features/studio/edit-page"), "EditPage"),
});

const analytics = createRoute({
  getParentRoute: () => instructor,
  path: "/streams/$id/analytics",
  component: lazyRouteComponent(() => import("../features/analytics/analytics-page"), "AnalyticsPage"),
});

const overview = createRoute({
  getParentRoute: () => instructor,
  path: "/analytics",
  component: lazyRouteComponent(() => import("../features/analytics/overview-page"), "OverviewPage"),
});

/** Everything below needs an admin's login. */
const admin = createRoute({
  getParentRoute: () => root,
  path: "/admin",
  beforeLoad: async ({ context, location }) => {
    const user = await context.queries.ensureQueryData(meQuery);
    if (!user) throw redirect({ to: "/login", search: { next: location.href } });
    if (user.role !== "admin") throw new ForbiddenError("admin");
  },
  errorComponent: Refusal,
  component: lazyRouteComponent(() => import("../features/admin/admin-layout"), "AdminLayout"),
});

const health = createRoute({
  getParentRoute: () => admin,
  path: "/",
  component: lazyRouteComponent(() => import("../features/admin/health-page"), "HealthPage"),
});

const users = createRoute({
  getParentRoute: () => admin,
  path: "/users",
  component: lazyRouteComponent(() => import("../features/admin/users-page"), "UsersPage"),
});

const classes = createRoute({
  getParentRoute: () => admin,
  path: "/classes",
  component: lazyRouteComponent(() => import("../features/admin/classes-page"), "ClassesPage"),
});

const jobs = createRoute({
  getParentRoute: () => admin,
  path: "/jobs",
  component: lazyRouteComponent(() => import("../features/admin/jobs-page"), "JobsPage"),
});

const recordings = createRoute({
  getParentRoute: () => admin,
  path: "/recordings",
  component: lazyRouteComponent(() => import("../features/admin/recordings-page"), "RecordingsPage"),
});

const audit = createRoute({
  getParentRoute: () => admin,
  path: "/audit",
  component: lazyRouteComponent(() => import("../features/admin/audit-page"), "AuditPage"),
});

const settings = createRoute({
  getParentRoute: () => admin,
  path: "/settings",
  component: lazyRouteComponent(() => import("../features/admin/settings-page"), "SettingsPage"),
});

const tree = root.addChildren([
  home,
  setup,
  login,
  loginLink,
  signup,
  streams,
  stream,
  watch,
  instructorProfile,
  workouts,
  workout,
  tokens,
  account,
  instructor.addChildren([studio, create, edit, broadcast, analytics, overview]),
  admin.addChildren([health, users, classes, jobs, recordings, audit, settings]),
]);

/** The signed-in user is not what the page is for. */
class ForbiddenError extends Error {
  readonly wanted: "instructor" | "admin";

  constructor(wanted: "instructor" | "admin") {
    super(`for ${wanted}s`);
    this.wanted = wanted;
  }
}

function Refusal({ error }: { error: unknown }) {
  return error instanceof ForbiddenError ? <ForbiddenPage wanted={error.wanted} /> : <CrashPage error={error} />;
}

/** Builds the router around the query cache, which guards ask who is signed in. */
export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultPendingComponent: PendingPage,
    defaultErrorComponent: CrashPage,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

function optionalText<Name extends string>(search: Record<string, unknown>, name: Name): { [Key in Name]?: string } {
  const value = search[name];
  return (typeof value === "string" && value !== "" ? { [name]: value } : {}) as { [Key in Name]?: string };
}

/** A phase of the address, 1 to 4. */
function phaseOf({ phase }: Record<string, unknown>): { phase?: number } {
  return typeof phase === "number" && [1, 2, 3, 4].includes(phase) ? { phase } : {};
}

/** Where to go after signing in: only within this site. */
function ownPath(search: Record<string, unknown>): { next?: string } {
  const { next } = search;
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
}
