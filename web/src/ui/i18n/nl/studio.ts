/** Plannen. */
import type * as en from "../en/studio";

export const studio: typeof en.studio = {
  title: "Jouw lessen",
  lead: "Plannen, uitzenden en terugkijken.",
  create: "Les plannen",
  empty: { title: "Geen lessen gepland", text: "Plan er nu een en ga live wanneer je klaar bent." },
  broadcast: "Uitzenden",
  view: "Open pagina",
  replay: "Opname",
  deleteTitle: "“{{title}}” verwijderen?",
  deleteText: "De les en de opname verdwijnen voor iedereen. Dit kan niet ongedaan worden gemaakt.",
  public: "Openbaar",
  members: "Na inschrijving",
};

export const create: typeof en.create = {
  title: "Les plannen",
  lead: "Je kunt altijd live gaan, ook voor het geplande begin.",
  name: "Titel",
  namePlaceholder: "Bijvoorbeeld: Vragen en antwoorden over ontdekking",
  description: "Beschrijving",
  optional: "Niet verplicht.",
  date: "Datum",
  time: "Begin",
  zone: "Tijdzone",
  zoneHint: "Kijkers zien de tijd ook in hun eigen zone.",
  minutes: "Duur in minuten",
  topic: "Onderwerp",
  phase: "Fase",
  noPhase: "Geen fase",
  isPublic: "Openbaar",
  isPublicHint: "Iedereen met de link kan kijken, zonder account.",
  record: "Opnemen",
  recordHint: "Kijkers kunnen de opname daarna bekijken.",
  submit: "Les plannen",
};
