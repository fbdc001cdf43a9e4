/** Nederlandse teksten. */
import type { en } from "./en";
import { account, login, setup, signup } from "./nl/account";
import { admin } from "./nl/admin";
import { analytics, length, plot } from "./nl/analytics";
import { broadcast } from "./nl/broadcast";
import { chat, conversation, hands, polls, questions, reactions } from "./nl/conversation";
import { instructor, notifications, tokens, workouts } from "./nl/notifications";
import { problem } from "./nl/problem";
import { streams } from "./nl/streams";
import { create, studio } from "./nl/studio";
import { diagnosis, stats, watch } from "./nl/watch";

/** Every text of the page in Dutch. */
export const nl: typeof en = {
  common: {
    loading: "Laden",
    retry: "Opnieuw proberen",
    cancel: "Annuleren",
    copy: "Kopieer",
    copied: "Gekopieerd",
    delete: "Verwijderen",
    none: "–",
    skip: "Naar de inhoud",
    more: "Toon meer",
    close: "Sluiten",
    tokens_one: "{{number}} token",
    tokens_other: "{{number}} tokens",
    minutes_one: "{{count}} minuut",
    minutes_other: "{{count}} minuten",
  },
  nav: {
    main: "Hoofdmenu",
    classes: "Lessen",
    workouts: "Bibliotheek",
    tokens: "Tokens",
    teach: "Lesgeven",
    admin: "Beheer",
    account: "Account",
    logIn: "Inloggen",
    signUp: "Account maken",
    logOut: "Uitloggen",
    menu: "Account van {{name}}",
  },
  offline: "Je bent offline. Deze pagina gaat vanzelf verder als het netwerk terug is.",
  status: { live: "Live", upcoming: "Gepland", ended: "Afgelopen", cancelled: "Geannuleerd" },
  phase: { p1: "Voorbereiding", p2: "Ontdekking", p3: "Aanbeveling", p4: "Beslissing" },
  problem,
  form: {
    required: "Vul dit in.",
    email: "Dit is geen e-mailadres.",
    password: "Gebruik minstens {{count}} tekens.",
    notAccepted: "De server accepteert dit niet.",
    past: "Kies een tijd in de toekomst.",
    minutes: "Kies 5 tot 720 minuten.",
    price: "Kies een heel getal, 0 of meer.",
    name: "Naam",
    emailLabel: "E-mail",
    passwordLabel: "Wachtwoord",
  },
  notFound: { title: "Pagina niet gevonden", text: "Op dit adres is niets.", home: "Naar de lessen" },
  crash: { title: "Deze pagina is stuk", text: "Dat is onze fout. Herladen helpt vaak.", reload: "Herladen" },
  forbidden: {
    instructor: {
      title: "Voor instructeurs",
      text: "Met jouw account kun je geen les geven. Een beheerder kan dat veranderen.",
    },
    admin: { title: "Voor beheerders", text: "Jouw account is geen beheerder." },
  },
  setup,
  login,
  signup,
  streams,
  notifications,
  tokens,
  instructor,
  workouts,
  watch,
  conversation,
  chat,
  polls,
  questions,
  reactions,
  hands,
  stats,
  diagnosis,
  studio,
  create,
  broadcast,
  analytics,
  plot,
  length,
  admin,
  account,
};
