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
    if (user.role === "viewer") throw new ForbiddenError();
  },
  errorComponent: ({ error }) => (error instanceof ForbiddenError ? <ForbiddenPage /> : <CrashPage error={error} />),
});

const studio = createRoute({
  getParentRoute: () => instructor,
  path: "/streams",
  component: lazyRouteComponent(() => import("../features/studio/studio-page"), "StudioPage"),
});

const create = createRoute({
  getParentRoute: () => instructor,
  path: "/streams/create",
  component: lazyRouteComponent(() => import("../features/studio/create-page"), "CreatePage"),
});

const broadcast = createRoute({
  getParentRoute: () => instructor,
  path: "/streams/$id/broadcast",
  component: lazyRouteComponent(() => import("../features/broadcast/broadcast-page"), "BroadcastPage"),
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
  instructor.addChildren([studio, create, broadcast]),
]);

/** The signed-in user is no instructor. */
class ForbiddenError extends Error {}

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
