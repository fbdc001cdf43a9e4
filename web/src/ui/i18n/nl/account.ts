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
  with: "Verder met {{name}}",
  link: {
    offer: "Mail mij een link",
    send: "Link versturen",
    sent: "Als er een account met dit adres is, is er een link onderweg. Die werkt één keer, een korte tijd.",
    ready: "Je link is goed. Ga verder om ermee in te loggen.",
    again: "Naar inloggen",
  },
  problem: {
    "oidc-cancelled": "Je bent daar gestopt met inloggen. Probeer het opnieuw of kies een andere manier.",
    "oidc-state": "Dat duurde te lang, of begon in een ander venster. Probeer het opnieuw.",
    "oidc-email-unverified": "Het account daar heeft geen bevestigd e-mailadres. Bevestig het daar eerst.",
    "oidc-sign-up-closed": "Er is hier geen account voor jou, en nieuwe maakt de beheerder.",
    "oidc-failed": "Inloggen daar is niet gelukt. Probeer het opnieuw of kies een andere manier.",
  },
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
  tiers: { free: "Gratis", subscriber: "Abonnee", pro: "Pro", team: "Team" },
  preferences: "Weergave",
  language: "Taal",
  zone: "Tijdzone",
  zoneHint: "Voor de tijden in je mails.",
  theme: "Kleuren",
  themes: { system: "Zoals het systeem", light: "Licht", dark: "Donker" },
  save: "Opslaan",
  saved: "Opgeslagen",
  calendar: {
    title: "Jouw agenda",
    lead: "Lessen waarvoor je bent ingeschreven of herinnerd wilt worden, in elk agendaprogramma. Wijzigingen volgen vanzelf.",
    copy: "Kopieer het agenda-adres",
    subscribe: "Abonneren",
    rotate: "Nieuw adres",
    rotateTitle: "Een nieuw agenda-adres maken?",
    rotateText: "Het oude werkt niet meer: agenda’s die het gebruiken moeten het nieuwe krijgen.",
  },
  password: {
    title: "Wachtwoord",
    lead: "Als je er een instelt, word je overal elders uitgelogd.",
    current: "Huidig wachtwoord",
    currentHint: "Laat leeg als je er nog geen hebt.",
    next: "Nieuw wachtwoord",
    submit: "Wachtwoord instellen",
    wrong: "Het huidige wachtwoord klopt niet.",
  },
  browsers: {
    title: "Waar je bent ingelogd",
    lead: "Log uit wat je niet kent.",
    unknown: "Onbekende browser",
    seen: "laatst gebruikt {{time}}",
    this: "Deze browser",
    others: "Alle andere uitloggen",
  },
  data: {
    title: "Jouw gegevens",
    lead: "Alles wat deze site van je bewaart, als bestand; of niets meer.",
    export: "Mijn gegevens downloaden",
    delete: "Account verwijderen…",
    warning: "Je account, inschrijvingen, berichten en tokens verdwijnen voorgoed. Niemand kan ze terughalen.",
    confirm: "Typ je adres om het zeker te weten: {{email}}",
    mismatch: "Dit is niet jouw adres.",
    refused: "Dit account heeft nog lessen gepland, of is de laatste beheerder. Beëindig die of draag ze eerst over.",
    deleteNow: "Mijn account verwijderen",
  },
};
