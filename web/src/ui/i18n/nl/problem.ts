/** Wat er misging en wat te doen. */
import type * as en from "../en/problem";

export const problem: typeof en.problem = {
  offline: { title: "De server is niet bereikbaar.", hint: "Controleer je netwerk; we blijven het proberen." },
  unknown: { title: "Er ging iets mis.", hint: "Probeer het opnieuw; herlaad de pagina als het blijft." },
  interrupted: { title: "De verbinding werd onderbroken.", hint: "We blijven het proberen." },
  replaced: {
    title: "Een ander programma of venster heeft de uitzending overgenomen.",
    hint: "Stop het daar voordat je hier verdergaat.",
  },
  noPath: {
    title: "De video komt er niet doorheen.",
    hint: "Je netwerk blokkeert misschien UDP; probeer een ander.",
  },
  s400: { title: "De server begreep dit niet.", hint: "Herlaad de pagina en probeer het opnieuw." },
  s401: { title: "Je bent niet ingelogd.", hint: "Log in en probeer het opnieuw." },
  s402: { title: "Je hebt te weinig tokens.", hint: "Haal meer tokens en probeer het opnieuw." },
  s403: { title: "Dit mag je niet.", hint: "Log in met een ander account, of vraag het de instructeur." },
  s404: { title: "Dit bestaat niet.", hint: "Het is misschien verwijderd, of de link is niet volledig." },
  s409: { title: "Dit kan nu niet.", hint: "Er is intussen iets veranderd: herlaad de pagina en kijk opnieuw." },
  s410: { title: "Dit is weg.", hint: "Het is voorgoed verwijderd." },
  s413: { title: "Dit is te groot.", hint: "Maak het korter en probeer het opnieuw." },
  s415: { title: "De server kan dit niet lezen.", hint: "Herlaad de pagina en probeer het opnieuw." },
  s422: { title: "Er klopt nog iets niet.", hint: "Kijk naar de gemarkeerde velden." },
  s429: { title: "Dat was te vaak.", hint: "Wacht een minuut en probeer het opnieuw." },
  s500: { title: "De server maakte een fout.", hint: "Probeer het opnieuw; meld het de beheerder als het blijft." },
  s502: { title: "De server is er nu niet.", hint: "Misschien start hij opnieuw; probeer het zo nog eens." },
  s503: { title: "De server heeft het te druk.", hint: "Probeer het zo nog eens." },
  s504: { title: "De server doet er te lang over.", hint: "Probeer het zo nog eens." },
  "chat-too-fast": { title: "Dat was veel ineens.", hint: "Je kunt vijf berichten per minuut sturen." },
  "chat-too-long": { title: "Dit bericht is te lang.", hint: "Maak het hooguit 500 tekens." },
  "chat-empty": { title: "Dit bericht is leeg.", hint: "Schrijf eerst iets." },
  "chat-banned-words": {
    title: "In dit bericht staat een woord dat hier niet mag.",
    hint: "Zeg het met andere woorden.",
  },
  "chat-muted": { title: "Je kunt nu niet schrijven.", hint: "De host heeft je even gedempt; meelezen kan wel." },
  "chat-banned": { title: "Je kunt in deze les niet schrijven.", hint: "De host heeft het gesprek voor jou gesloten." },
  "session-not-live": {
    title: "Dit kan alleen tijdens de les.",
    hint: "Lees terug wat er gezegd is; misschien komt er een nieuwe les.",
  },
  "insufficient-balance": {
    title: "Je hebt te weinig tokens.",
    hint: "Vraag de beheerder van deze site om tokens en schrijf je dan in.",
  },
  "link-expired": {
    title: "Deze link werkt niet meer.",
    hint: "Links werken één keer en verlopen. Vraag een nieuwe aan.",
  },
  "already-voted": { title: "Je hebt al gestemd.", hint: "Iedereen heeft één stem." },
  "poll-closed": { title: "Deze poll is gesloten.", hint: "Kijk hoe anderen stemden." },
  "too-many-polls": { title: "Deze les heeft heel veel polls.", hint: "Verwijder er een die niet meer nodig is." },
  "too-many-questions": {
    title: "Er zijn heel veel vragen.",
    hint: "Stem op een vraag die er is, of wacht tot er zijn beantwoord.",
  },
};
