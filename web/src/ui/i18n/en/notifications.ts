/** Notifications, tokens, instructors and the catalogue. */

export const notifications = {
  title: "Notifications",
  lead: "Changes are saved at once.",
  ways: "How",
  way: { email: "E-mail", push: "Messages in the browser", sms: "SMS" },
  about: "About what",
  event: {
    reminder24h: "A day before a class that I want to be reminded of",
    reminder15m: "A quarter of an hour before it",
    newSession: "A new class of an instructor whom I follow",
    replayExpires: "A replay of mine that ends tomorrow",
    enrolled: "What I enrolled in, with the class for my calendar (by e-mail)",
  },
  phone: "Mobile number",
  phoneHint: "With the country’s code, such as +31 6 12345678. Needed for SMS.",
  phoneWrong: "Begin with + and the country’s code.",
  push: {
    unsupported: "This browser cannot show messages, or only on a page with https.",
    blocked: "You blocked messages of this site. Allow them in the browser’s settings for this page.",
    off: "This browser does not show them yet.",
    on: "This browser shows them.",
    start: "Show them here",
    stop: "No longer here",
    failed: "This browser could not be signed up. Try again.",
  },
};

export const tokens = {
  title: "Tokens",
  lead: "What you have, and a receipt for all that came and went.",
  balance: "Your balance",
  free: "Free",
  receipts: "Receipts",
  empty: "No receipts yet",
  emptyText: "When you get tokens or enrol for a class, it is written down here.",
  class: "To the class",
  number: "no. {{id}}",
  after_one: "{{count}} token then",
  after_other: "{{count}} tokens then",
  kind: {
    grant: "Given to you",
    purchase: "Bought",
    deduction: "Spent",
    enrolment: "Enrolled for a class",
    refund: "Given back",
  },
};

export const instructor = {
  follow: "Follow",
  following: "Following",
  sessions_one: "{{count}} class",
  sessions_other: "{{count}} classes",
  followers_one: "{{count}} follower",
  followers_other: "{{count}} followers",
};

export const workouts = {
  title: "Library",
  lead: "Classes that were kept, to watch at any time.",
  empty: "The library is still empty",
  emptyText: "Classes that are kept for the library appear here some time after they ended.",
  watch: "Watch",
  closed: "This recording is not open to you",
};
