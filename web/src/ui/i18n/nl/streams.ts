/** Lijst van lessen. */
import type * as en from "../en/streams";

export const streams: typeof en.streams = {
  title: "Lessen",
  lead: "Kijk live, of later wanneer het jou uitkomt.",
  live: "Nu live",
  upcoming: "Gepland",
  past: "Eerdere lessen",
  noUpcoming: "Nog niets gepland.",
  watchLive: "Live kijken",
  watchReplay: "Bekijk opname",
  details: "Details",
  noReplay: "Geen opname",
  members: "Na inschrijving",
  by: "met {{name}}",
  daysLeft_one: "nog {{count}} dag",
  daysLeft_other: "nog {{count}} dagen",
  plan: "Les plannen",
  empty: {
    title: "Nog geen lessen",
    visitor: "Als een instructeur een les plant, verschijnt die hier.",
    instructor: "Plan je eerste les en ga binnen een minuut live vanuit je browser.",
    setup: "Deze server is nieuw. Open de instellink die hij bij het starten toonde, om de eerste beheerder te maken.",
    demo: "Geen camera bij de hand? Laat de server een demonstratie uitzenden:",
    copyDemo: "Kopieer de demo-opdracht",
  },
};
