/** Meldingen, tokens, instructeurs en de bibliotheek. */
import type * as en from "../en/notifications";

export const notifications: typeof en.notifications = {
  title: "Meldingen",
  lead: "Wijzigingen worden meteen opgeslagen.",
  ways: "Hoe",
  way: { email: "E-mail", push: "Berichten in de browser", sms: "Sms" },
  about: "Waarover",
  event: {
    reminder24h: "Een dag voor een les waaraan ik herinnerd wil worden",
    reminder15m: "Een kwartier ervoor",
    newSession: "Een nieuwe les van een instructeur die ik volg",
    replayExpires: "Een opname van mij die morgen verloopt",
    enrolled: "Waar ik me voor heb ingeschreven, met de les voor mijn agenda (per e-mail)",
  },
  phone: "Mobiel nummer",
  phoneHint: "Met de landcode, zoals +31 6 12345678. Nodig voor sms.",
  phoneWrong: "Begin met + en de landcode.",
  push: {
    unsupported: "Deze browser kan geen berichten tonen, of alleen op een pagina met https.",
    blocked:
      "Je hebt berichten van deze site geblokkeerd. Sta ze toe in de instellingen van de browser voor deze pagina.",
    off: "Deze browser toont ze nog niet.",
    on: "Deze browser toont ze.",
    start: "Hier tonen",
    stop: "Hier niet meer",
    failed: "Deze browser kon niet worden aangemeld. Probeer het opnieuw.",
  },
};

export const tokens: typeof en.tokens = {
  title: "Tokens",
  lead: "Wat je hebt, en een bon voor alles wat erbij kwam en eraf ging.",
  balance: "Jouw saldo",
  free: "Gratis",
  receipts: "Bonnen",
  empty: "Nog geen bonnen",
  emptyText: "Als je tokens krijgt of je inschrijft voor een les, staat dat hier.",
  class: "Naar de les",
  number: "nr. {{id}}",
  after_one: "toen {{count}} token",
  after_other: "toen {{count}} tokens",
  kind: {
    grant: "Gekregen",
    purchase: "Gekocht",
    deduction: "Uitgegeven",
    enrolment: "Ingeschreven voor een les",
    refund: "Teruggekregen",
  },
};

export const instructor: typeof en.instructor = {
  follow: "Volgen",
  following: "Volgend",
  sessions_one: "{{count}} les",
  sessions_other: "{{count}} lessen",
  followers_one: "{{count}} volger",
  followers_other: "{{count}} volgers",
};

export const workouts: typeof en.workouts = {
  title: "Bibliotheek",
  lead: "Lessen die bewaard zijn, om te bekijken wanneer je wilt.",
  empty: "De bibliotheek is nog leeg",
  emptyText: "Lessen die voor de bibliotheek bewaard worden, verschijnen hier enige tijd na afloop.",
  watch: "Bekijken",
  closed: "Deze opname is voor jou niet toegankelijk",
};
