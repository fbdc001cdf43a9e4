/** Wat er misging en wat te doen. */
import type * as en from "../en/problem";

export const problem: typeof en.problem = {
  offline: { title: "De server is niet bereikbaar.", hint: "Controleer je netwerk en probeer het opnieuw." },
  unknown: { title: "Er ging iets mis.", hint: "Probeer het opnieuw; herlaad de pagina als het blijft." },
  away: { title: "De server is er nu niet.", hint: "Misschien start hij opnieuw; probeer het zo nog eens." },
  interrupted: { title: "De verbinding werd onderbroken.", hint: "We blijven het proberen." },
  replaced: {
    title: "Een ander programma of venster heeft de uitzending overgenomen.",
    hint: "Stop het daar voordat je hier verdergaat.",
  },
  noPath: {
    title: "De video komt er niet doorheen.",
    hint: "Je netwerk blokkeert misschien UDP; probeer een ander.",
  },
  codes: {
    "already-voted": { title: "Je hebt al gestemd.", hint: "Iedereen heeft één stem." },
    "bad-request": { title: "De server begreep dit niet.", hint: "Herlaad de pagina en probeer het opnieuw." },
    "chat-banned": {
      title: "Je kunt aan deze les niet meedoen.",
      hint: "De host heeft de les voor jou gesloten; vraag waarom.",
    },
    "chat-banned-words": { title: "Hierin staat een woord dat hier niet mag.", hint: "Zeg het met andere woorden." },
    "chat-empty": { title: "Dit bericht is leeg.", hint: "Schrijf eerst iets." },
    "chat-muted": { title: "Je kunt nu niet schrijven.", hint: "De host heeft je even gedempt; meelezen kan wel." },
    "chat-too-fast": { title: "Dat was veel ineens.", hint: "Wacht even en verstuur het dan opnieuw." },
    "chat-too-long": { title: "Dit bericht is te lang.", hint: "Maak het hooguit 500 tekens." },
    "cross-site": { title: "Dit kwam van een andere site.", hint: "Open deze site zelf en probeer het daar opnieuw." },
    "download-in-parts": {
      title: "Deze opname past niet in één bestand.",
      hint: "Beeld of geluid veranderde onderweg: download de opname in delen.",
    },
    "email-taken": {
      title: "Er is al een account met dit e-mailadres.",
      hint: "Log daarmee in, of gebruik een ander adres.",
    },
    "enrolment-undone": {
      title: "De betaling is teruggegeven: je bent niet ingeschreven.",
      hint: "Herlaad de pagina en schrijf je opnieuw in.",
    },
    error: { title: "De server weigerde dit.", hint: "Herlaad de pagina en probeer het opnieuw." },
    forbidden: { title: "Dit mag je niet.", hint: "Log in met een ander account, of vraag het de instructeur." },
    "idempotency-key-reused": {
      title: "Dit is al eerder verstuurd, met een andere inhoud.",
      hint: "Herlaad de pagina en probeer het opnieuw.",
    },
    "insufficient-balance": {
      title: "Je hebt te weinig tokens.",
      hint: "Vraag de beheerder van deze site om tokens en schrijf je dan in.",
    },
    internal: {
      title: "De server maakte een fout.",
      hint: "Probeer het opnieuw; meld het de beheerder als het blijft.",
    },
    invalid: { title: "Er klopt nog iets niet.", hint: "Kijk naar de gemarkeerde velden." },
    "is-host": { title: "Wie de les geeft, kun je niet het zwijgen opleggen.", hint: "Kies iemand anders." },
    "job-done": { title: "Dit is al gedaan.", hint: "Er is niets meer te doen; de lijst laat het zo zien." },
    "job-running": { title: "Dit wordt net gedaan.", hint: "Wacht tot het klaar is en kijk dan opnieuw." },
    "last-admin": { title: "Dit is de laatste beheerder.", hint: "Maak eerst iemand anders beheerder." },
    "link-expired": {
      title: "Deze link werkt niet meer.",
      hint: "Links verlopen: herlaad de pagina, of vraag een nieuwe aan.",
    },
    "link-invalid": {
      title: "Deze link is niet volledig.",
      hint: "Kopieer hem helemaal, of open de pagina van de les opnieuw.",
    },
    "malformed-answer": {
      title: "De verbinding kwam niet tot stand.",
      hint: "Herlaad de pagina en probeer het opnieuw.",
    },
    "malformed-fragment": {
      title: "De verbinding kon niet worden vernieuwd.",
      hint: "Herlaad de pagina en probeer het opnieuw.",
    },
    "malformed-offer": {
      title: "De server begrijpt het aanbod van deze browser of dit programma niet.",
      hint: "Werk het bij, of gebruik een ander.",
    },
    "method-not-allowed": { title: "Dit kan hier niet.", hint: "Herlaad de pagina en probeer het opnieuw." },
    "no-answer-awaited": { title: "Deze verbinding is er al.", hint: "Herlaad de pagina als er niets speelt." },
    "no-websocket": {
      title: "Het gesprek heeft een WebSocket nodig.",
      hint: "Een proxy houdt die misschien tegen; probeer een ander netwerk.",
    },
    "not-enrolled": {
      title: "Je bent niet voor deze les ingeschreven.",
      hint: "Schrijf je in op de pagina van de les om te kijken.",
    },
    "not-found": { title: "Dit bestaat niet.", hint: "Het is misschien verwijderd, of de link is niet volledig." },
    "not-publishing": { title: "Er zendt nog niemand uit.", hint: "Wacht hier: het begint vanzelf." },
    "own-session": { title: "Dit is je eigen les.", hint: "Je kunt kijken zonder je in te schrijven." },
    "poll-closed": { title: "Deze poll is gesloten.", hint: "Kijk hoe anderen stemden." },
    "precondition-failed": {
      title: "Er is intussen iets veranderd.",
      hint: "Herlaad de pagina en probeer het opnieuw.",
    },
    "precondition-required": {
      title: "Er ontbreekt iets in wat is verstuurd.",
      hint: "Herlaad de pagina en probeer het opnieuw.",
    },
    "range-not-satisfiable": { title: "Dit deel van het bestand bestaat niet.", hint: "Begin de download opnieuw." },
    "recording-not-finished": {
      title: "De opname is nog niet klaar.",
      hint: "Probeer het over een paar minuten opnieuw.",
    },
    "refund-pending": {
      title: "Je vorige betaling wordt nog teruggegeven.",
      hint: "Wacht een minuut en schrijf je dan opnieuw in.",
    },
    "replay-expired": { title: "De opname is niet meer beschikbaar.", hint: "Zoek een nieuwe les tussen de andere." },
    "sample-loaded": { title: "De voorbeeldgegevens zijn er al.", hint: "Kijk bij de lessen." },
    "session-live": { title: "Deze les is live.", hint: "Beëindig hem eerst." },
    "session-not-live": {
      title: "Dit kan alleen tijdens de les.",
      hint: "Lees terug wat er gezegd is; misschien komt er een nieuwe les.",
    },
    "session-over": { title: "Deze les is voorbij.", hint: "Zoek de opname, of een nieuwe les." },
    "session-started": { title: "Deze les is begonnen.", hint: "Beëindig hem, of kies een andere." },
    "sessions-to-come": { title: "Er komen nog lessen.", hint: "Annuleer of beëindig die eerst." },
    "setup-done": { title: "Deze server is al ingericht.", hint: "Log in met het account van de beheerder." },
    "sign-up-closed": {
      title: "Je kunt hier niet zelf een account maken.",
      hint: "Vraag er een aan de beheerder van deze site.",
    },
    "tokens-kept-outside": { title: "Een andere dienst houdt hier de tokens bij.", hint: "Geef ze daar." },
    "too-large": { title: "Dit is te groot.", hint: "Maak het kleiner of korter en probeer het opnieuw." },
    "too-many-event-streams": { title: "Deze pagina staat te vaak open.", hint: "Sluit een paar vensters." },
    "too-many-polls": { title: "Deze les heeft heel veel polls.", hint: "Verwijder er een die niet meer nodig is." },
    "too-many-questions": {
      title: "Er zijn heel veel vragen.",
      hint: "Stem op een vraag die er is, of wacht tot er zijn beantwoord.",
    },
    "too-many-requests": { title: "Dat was te vaak.", hint: "Wacht een minuut en probeer het opnieuw." },
    "too-many-sockets": { title: "Deze pagina staat te vaak open.", hint: "Sluit een paar vensters." },
    unauthenticated: { title: "Je bent niet ingelogd.", hint: "Log in en probeer het opnieuw." },
    unavailable: { title: "De server heeft het te druk.", hint: "Probeer het zo nog eens." },
    "unknown-event": {
      title: "De server kent deze gebeurtenissen niet.",
      hint: "Herlaad de pagina en probeer het opnieuw.",
    },
    "unknown-layer": { title: "Deze kwaliteit is er niet meer.", hint: "Kies een andere, of automatisch." },
    "unsupported-answer": {
      title: "De verbinding kwam niet tot stand.",
      hint: "Werk je browser bij, of gebruik een andere.",
    },
    "unsupported-media-type": {
      title: "De server kan dit niet lezen.",
      hint: "Gebruik een ander soort bestand: een afbeelding als PNG, JPEG of WebP.",
    },
    "unsupported-offer": {
      title: "De server kan niets gebruiken van wat deze browser of dit programma aanbiedt.",
      hint: "Stuur H.264, VP8, VP9, AV1 of H.265, met geluid in Opus.",
    },
  },
};
