/** Instellen, inloggen en account. */
import type * as en from "../en/account";

export const setup: typeof en.setup = {
  title: "Lectern instellen",
  lead: "Maak de eerste beheerder. Daarna werkt de link niet meer.",
  token: "Instelcode",
  tokenHint: "Uit de link die de server bij het starten toonde.",
  submit: "Beheerder maken",
  wrongToken: "Deze instelcode is niet geldig. Gebruik de link die de server bij de laatste start toonde.",
  done: {
    title: "Het instellen is klaar",
    text: "Deze server heeft al een beheerder. Log in om verder te gaan.",
  },
};

export const login: typeof en.login = {
  title: "Inloggen",
  submit: "Inloggen",
  wrong: "Dit e-mailadres en wachtwoord horen niet bij elkaar.",
  noAccount: "Nog geen account?",
  toSignUp: "Maak er een",
};

export const signup: typeof en.signup = {
  title: "Account maken",
  lead: "Om lessen en opnames te bekijken.",
  submit: "Account maken",
  taken: "Er is al een account met dit e-mailadres. Log daarmee in.",
  hasAccount: "Heb je al een account?",
  toLogIn: "Inloggen",
};

export const account: typeof en.account = {
  title: "Account",
  profile: "Jij",
  role: "Rol",
  roles: { viewer: "Kijker", instructor: "Instructeur", admin: "Beheerder" },
  preferences: "Voorkeuren",
  language: "Taal",
  theme: "Weergave",
  themes: { system: "Zoals het systeem", light: "Licht", dark: "Donker" },
};
