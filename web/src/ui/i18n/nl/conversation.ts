/** Chat, polls, vragen, handen en reacties. */
import type * as en from "../en/conversation";

export const conversation: typeof en.conversation = {
  title: "Gesprek",
  reconnecting: "Verbinding kwijt; we proberen het opnieuw. Nieuwe berichten komen vanzelf.",
  over: "Het gesprek is met de les afgelopen.",
  enrol: "Schrijf je in om mee te doen.",
  logIn: "Log in om mee te doen",
};

export const chat: typeof en.chat = {
  title: "Chat",
  host: "Host",
  pinned: "Vastgezet bericht:",
  empty: "Er is nog niets gezegd. Zeg hallo!",
  emptyEnded: "In deze les is niets gezegd.",
  earlier: "Eerdere berichten",
  newest: "Naar het nieuwste",
  unread_one: "{{count}} nieuw bericht",
  unread_other: "{{count}} nieuwe berichten",
  write: "Jouw bericht",
  placeholder: "Schrijf iets…",
  send: "Versturen",
  length: "{{length}} van {{most}}",
  wait_one: "Over {{count}} seconde kun je weer schrijven.",
  wait_other: "Over {{count}} seconden kun je weer schrijven.",
  menu: "Bericht van {{name}}: wat te doen",
  pin: "Vastzetten",
  unpin: "Losmaken",
  delete: "Bericht verwijderen",
  mute_one: "{{count}} minuut dempen",
  mute_other: "{{count}} minuten dempen",
  ban: "Uit deze les verwijderen",
  silenced_one: "{{count}} persoon mag niet schrijven",
  silenced_other: "{{count}} personen mogen niet schrijven",
  until: "tot {{time}}",
  unsilence: "Weer toelaten",
};

export const polls: typeof en.polls = {
  title: "Polls",
  empty: "Nog geen polls. Als de host iets vraagt, stem je hier.",
  emptyHost: "Polls maak je zodra de les live is.",
  vote: "Stem",
  voted: "Je hebt gestemd",
  yourVote: "Jouw stem",
  votes_one: "{{count}} stem",
  votes_other: "{{count}} stemmen",
  closed: "Gesloten",
  logIn: "Log in om te stemmen",
  new: "Nieuwe poll",
  question: "Vraag",
  option: "Antwoord {{number}}",
  addOption: "Nog een antwoord",
  removeOption: "Antwoord {{number}} verwijderen",
  start: "Poll starten",
  close: "Poll sluiten",
  reopen: "Weer openen",
  deleteTitle: "Deze poll verwijderen?",
  deleteText: "De poll en de stemmen verdwijnen voor iedereen.",
};

export const questions: typeof en.questions = {
  title: "Vragen",
  empty: "Nog geen vragen. Wat de meeste mensen willen weten, staat bovenaan.",
  yours: "Jouw vraag",
  placeholder: "Vraag het de host…",
  ask: "Vraag",
  upvote_one: "Dit wil ik ook weten ({{count}} stem)",
  upvote_other: "Dit wil ik ook weten ({{count}} stemmen)",
  answered: "Beantwoord",
  markAnswered: "Beantwoord",
  reopen: "Toch niet beantwoord",
  menu: "Vraag van {{name}}: wat te doen",
};

export const reactions: typeof en.reactions = {
  title: "Reacties",
  send: "Stuur {{emoji}}",
};

export const hands: typeof en.hands = {
  title: "Opgestoken handen",
  raise: "Hand opsteken",
  lower: "Hand omlaag",
  done: "Klaar",
  count_one: "{{count}} opgestoken hand",
  count_other: "{{count}} opgestoken handen",
};
