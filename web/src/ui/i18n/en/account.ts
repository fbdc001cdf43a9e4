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
  preferences: "Preferences",
  language: "Language",
  theme: "Appearance",
  themes: { system: "As the system", light: "Light", dark: "Dark" },
};
