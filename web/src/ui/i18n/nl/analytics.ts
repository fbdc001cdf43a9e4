/** Statistieken. */
import type * as en from "../en/analytics";

export const analytics: typeof en.analytics = {
  title: "Statistieken",
  lead: "Wie er kwam, hoe lang ze bleven en wat ze deden.",
  overview: "Statistieken",
  overviewTitle: "Alle lessen samen",
  overviewLead: "Wat werkte, en wanneer.",
  csv: "CSV downloaden",
  viewersOverTime: "Kijkers door de tijd",
  live: "Live",
  conversation: "Gesprek",
  result: "Resultaat",
  peakViewers: "Meeste kijkers",
  uniqueViewers: "Verschillende kijkers",
  joins: "Binnengekomen",
  leaves: "Weggegaan",
  averageWatch: "Gemiddelde kijktijd",
  chatMessages: "Chatberichten",
  chatters: "Mensen in de chat",
  pollVotes: "Stemmen",
  questions: "Vragen",
  reactions: "Reacties",
  enrolments: "Inschrijvingen",
  replayViews: "Opname bekeken",
  replayTime: "Kijktijd opname",
  sessions: "Lessen",
  watched: "Samen gekeken",
  slots: "Gemiddeld aantal kijkers per tijdstip van de week",
  slotText_one: "gemiddeld {{viewers}} kijkers, {{count}} les",
  slotText_other: "gemiddeld {{viewers}} kijkers, {{count}} lessen",
  hour: "Uur",
  revenueByClass: "Opbrengst per les",
  none: "Er is nog geen les geweest",
  noneText: "Na je eerste les zie je hier hoeveel mensen kwamen en welke tijden ze fijn vinden.",
};

export const plot: typeof en.plot = { empty: "Nog te weinig om te tekenen." };

export const length: typeof en.length = { seconds: "{{number}} s", minutes: "{{number}} min", hours: "{{number}} u" };
