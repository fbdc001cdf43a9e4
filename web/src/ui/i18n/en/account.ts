/** Set-up, sign-in and account. */
export const setup = {
  title: "Set up Lectern",
  lead: "Make the first administrator. After this, the link no longer works.",
  token: "Set-up code",
  tokenHint: "From the link that the server printed when it started.",
  submit: "Create administrator",
  wrongToken: "This set-up code is not valid. Use the link that the server printed at its last start.",
  done: {
    title: "Set-up is done",
    text: "This server has an administrator already. Sign in to go on.",
  },
};

export const login = {
  title: "Sign in",
  submit: "Sign in",
  wrong: "This e-mail and password do not belong together.",
  noAccount: "No account yet?",
  toSignUp: "Create one",
  with: "Go on with {{name}}",
  link: {
    offer: "Mail me a link instead",
    send: "Send the link",
    sent: "If there is an account with this address, a link is on its way. It works once, for a short while.",
    ready: "Your link is good. Go on to sign in with it.",
    again: "To sign in",
  },
  problem: {
    "oidc-cancelled": "You stopped signing in there. Try again, or choose another way.",
    "oidc-state": "That took too long, or began in another window. Try again.",
    "oidc-email-unverified": "The account there has no confirmed e-mail address. Confirm it there first.",
    "oidc-sign-up-closed": "There is no account for you here, and new ones are made by the administrator.",
    "oidc-failed": "Signing in there did not work. Try again, or choose another way.",
  },
};

export const signup = {
  title: "Create an account",
  lead: "To watch classes and their replays.",
  submit: "Create account",
  taken: "There is an account with this e-mail already. Sign in instead.",
  hasAccount: "Already have an account?",
  toLogIn: "Sign in",
};

export const account = {
  title: "Account",
  profile: "You",
  role: "Role",
  roles: { viewer: "Viewer", instructor: "Instructor", admin: "Administrator" },
  tiers: { free: "Free", subscriber: "Subscriber", pro: "Pro", team: "Team" },
  preferences: "Appearance",
  language: "Language",
  zone: "Time zone",
  zoneHint: "For the times in your mails.",
  theme: "Colours",
  themes: { system: "As the system", light: "Light", dark: "Dark" },
  save: "Save",
  saved: "Saved",
  calendar: {
    title: "Your calendar",
    lead: "Classes that you enrolled for or want to be reminded of, in any calendar program. It follows changes by itself.",
    copy: "Copy the calendar address",
    subscribe: "Subscribe",
    rotate: "New address",
    rotateTitle: "Make a new calendar address?",
    rotateText: "The old one stops working: calendars that use it must be given the new one.",
  },
  password: {
    title: "Password",
    lead: "Setting one signs you out everywhere else.",
    current: "Present password",
    currentHint: "Leave it empty if you have none yet.",
    next: "New password",
    submit: "Set password",
    wrong: "The present password is not right.",
  },
  browsers: {
    title: "Where you are signed in",
    lead: "Sign out what you do not know.",
    unknown: "Unknown browser",
    seen: "last used {{time}}",
    this: "This browser",
    others: "Sign out all others",
  },
  data: {
    title: "Your data",
    lead: "Everything that this site keeps of you, as a file; or nothing any more.",
    export: "Download my data",
    delete: "Delete account…",
    warning: "Your account, enrolments, messages and tokens disappear for good. Nobody can bring them back.",
    confirm: "Type your address to make sure: {{email}}",
    mismatch: "This is not your address.",
    refused: "This account still has classes to come, or is the last administrator. End or hand those over first.",
    deleteNow: "Delete my account",
  },
};
