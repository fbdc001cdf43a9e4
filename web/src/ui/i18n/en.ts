/** English texts. The Dutch ones have the same shape, which the compiler checks. */

import { account, login, setup, signup } from "./en/account";
import { admin } from "./en/admin";
import { analytics, length, plot } from "./en/analytics";
import { broadcast } from "./en/broadcast";
import { chat, conversation, hands, polls, questions, reactions } from "./en/conversation";
import { instructor, notifications, tokens, workouts } from "./en/notifications";
import { problem } from "./en/problem";
import { streams } from "./en/streams";
import { create, studio } from "./en/studio";
import { diagnosis, stats, watch } from "./en/watch";

/** Every text of the page, by place. */
export const en = {
  common: {
    loading: "Loading",
    retry: "Try again",
    cancel: "Cancel",
    copy: "Copy",
    copied: "Copied",
    delete: "Delete",
    none: "–",
    skip: "Skip to content",
    more: "Show more",
    close: "Close",
    tokens_one: "{{number}} token",
    tokens_other: "{{number}} tokens",
    minutes_one: "{{count}} minute",
    minutes_other: "{{count}} minutes",
  },
  nav: {
    main: "Main",
    classes: "Classes",
    workouts: "Library",
    tokens: "Tokens",
    teach: "Teach",
    admin: "Admin",
    account: "Account",
    logIn: "Sign in",
    signUp: "Create account",
    logOut: "Sign out",
    menu: "Account of {{name}}",
  },
  offline: "You are offline. This page goes on by itself when the network is back.",
  status: { live: "Live", upcoming: "Upcoming", ended: "Ended", cancelled: "Cancelled" },
  phase: { p1: "Preparation", p2: "Discovery", p3: "Recommendation", p4: "Decision" },
  problem,
  form: {
    required: "Fill this in.",
    email: "This is not an e-mail address.",
    password: "Use at least {{count}} characters.",
    notAccepted: "The server does not accept this.",
    past: "Choose a time in the future.",
    minutes: "Choose 5 to 720 minutes.",
    price: "Choose a whole number, 0 or more.",
    name: "Name",
    emailLabel: "E-mail",
    passwordLabel: "Password",
  },
  notFound: { title: "Page not found", text: "There is nothing at this address.", home: "To the classes" },
  crash: { title: "This page broke", text: "That is our fault. Reloading often helps.", reload: "Reload" },
  forbidden: {
    instructor: { title: "For instructors", text: "Your account cannot teach. An administrator can change that." },
    admin: { title: "For administrators", text: "Your account is not an administrator’s." },
  },
  setup,
  login,
  signup,
  streams,
  notifications,
  tokens,
  instructor,
  workouts,
  watch,
  conversation,
  chat,
  polls,
  questions,
  reactions,
  hands,
  stats,
  diagnosis,
  studio,
  create,
  broadcast,
  analytics,
  plot,
  length,
  admin,
  account,
};
