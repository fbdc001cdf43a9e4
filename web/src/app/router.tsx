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
  validateSearch: (search): { next?: string } => ownPath(search),
  component: lazyRouteComponent(() => import("../features/entry/login-page"), "LoginPage"),
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
  signup,
  streams,
  stream,
  watch,
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

function optionalText(search: Record<string, unknown>, name: "token"): { token?: string } {
  const value = search[name];
  return typeof value === "string" && value !== "" ? { [name]: value } : {};
}

/** Where to go after signing in: only within this site. */
function ownPath(search: Record<string, unknown>): { next?: string } {
  const { next } = search;
  return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
}
