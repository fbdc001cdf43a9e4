/** Speler en kijkpagina. */
import type * as en from "../en/watch";

export const watch: typeof en.watch = {
  tabStream: "Stream",
  enrolled: "Je bent ingeschreven",
  access: "Toegang",
  level: "Niveau",
  player: "Speler",
  viewers_one: "{{count}} kijker",
  viewers_other: "{{count}} kijkers",
  about: "Over deze les",
  when: "Wanneer",
  instructor: "Instructeur",
  topic: "Onderwerp",
  length: "Duur",
  yourTime: "jouw tijd",
  share: "Link naar deze les",
  copyLink: "Kopieer de link naar deze les",
  manage: "Uitzenden",
  waiting: {
    title: "De les is nog niet begonnen",
    startsIn: "Begint over",
    soon: "Begint zo meteen",
    stay: "Blijf op deze pagina: het beeld verschijnt vanzelf.",
    days_one: "{{count}} dag",
    days_other: "{{count}} dagen",
  },
  toLive: "Terug naar live",
  delayed: {
    text: "Enkele seconden later: je netwerk blokkeert de directe verbinding.",
    retry: "Probeer direct",
  },
  connecting: "Verbinden…",
  noPicture: { title: "Wachten op het beeld van de instructeur", text: "De les is bezig; de camera zendt nog niet." },
  stalled: {
    title: "De verbinding van de instructeur viel weg",
    text: "Blijf hier: het beeld komt vanzelf terug.",
  },
  reconnecting: {
    title: "Opnieuw verbinden…",
    text: "Je verbinding werd onderbroken. Het beeld komt vanzelf terug.",
  },
  soundOnly: "Alleen geluid",
  unmute: "Zet het geluid aan",
  failed: "De les kan niet worden afgespeeld",
  ended: {
    title: "Deze les is afgelopen",
    preparing: "De opname wordt klaargezet en verschijnt hier vanzelf.",
    none: "Van deze les is geen opname.",
    expired: "De opname is niet meer beschikbaar.",
  },
  cancelled: { title: "Deze les is geannuleerd", text: "Vraag de instructeur naar een andere datum." },
  noAccess: {
    title: "Log in om te kijken",
    text: "Deze les is voor mensen met een account.",
  },
  enrol: {
    title: "Schrijf je in om te kijken",
    free: "Deze les is gratis.",
    costs: "Deze les kost {{price}}.",
    balance: "Je hebt {{balance}}.",
    short: "Je komt {{missing}} tekort. Vraag de beheerder van deze site om meer en kom dan terug.",
    button: "Inschrijven",
  },
  replayFault: {
    missing: "Ze is opgenomen in {{codecs}}; dat kent deze browser niet.",
    access: {
      title: "De opname is voor jou gesloten",
      text: "Je toegang is verlopen. Herlaad de pagina om het opnieuw te proberen.",
    },
    network: { title: "De opname kan niet worden geladen", text: "Controleer je netwerk en probeer het opnieuw." },
    media: {
      title: "Deze browser kan de opname niet afspelen",
      text: "Probeer een recente Chrome, Edge, Firefox of Safari.",
    },
  },
  controls: {
    play: "Afspelen",
    pause: "Pauzeren",
    mute: "Geluid uit",
    unmute: "Geluid aan",
    volume: "Volume",
    position: "Positie",
    positionText: "{{at}} van {{of}}",
    captionsOn: "Ondertiteling aan",
    captionsOff: "Ondertiteling uit",
    rewind: "Terug in de les",
    pip: "Beeld in beeld",
    fullscreen: "Volledig scherm",
    exitFullscreen: "Volledig scherm verlaten",
    stats: "Statistieken",
    quality: "Kwaliteit",
    automatic: "Automatisch",
    speed: "Snelheid",
    back: "10 seconden terug",
    forward: "10 seconden vooruit",
    keys: "Toetsen: spatie afspelen, M geluid, F volledig scherm, P beeld in beeld, C ondertiteling, I statistieken, pijltjes spoelen en volume",
  },
};

export const stats: typeof en.stats = {
  title: "Statistieken",
  close: "Statistieken sluiten",
  picture: "Beeld",
  frames: "Beelden",
  fps: "{{count}} per seconde",
  codecs: "Formaten",
  bitrate: "Bitsnelheid",
  loss: "Pakketverlies",
  rtt: "Heen en terug",
  buffer: "Buffer",
  freezes: "Haperingen",
  freezesValue: "{{count}} ({{seconds}} s)",
  path: "Pad",
  limited: "Beperkt door",
  limits: { none: "niets", cpu: "deze computer", bandwidth: "het netwerk", other: "iets anders" },
  ms: "{{value}} ms",
  trend: "Bitsnelheid van de laatste minuut",
};

/** Wat het statistiekenpaneel vindt, en wat eraan te doen is. */
export const diagnosis: typeof en.diagnosis = {
  why: "Wat is er mis?",
  report: "Verslag voor wie je helpt",
  copy: "Kopieer het verslag",
  fine: { title: "Alles gaat goed.", hint: "Zie je toch een fout, kopieer dan het verslag." },
  delayed: {
    title: "Speelt enkele seconden later.",
    hint: "De directe verbinding komt er niet door: meestal blokkeert je netwerk UDP. Een ander netwerk, of de hotspot van een telefoon, speelt zonder vertraging.",
  },
  "udp-blocked": {
    title: "Je netwerk laat geen video door.",
    hint: "Het blokkeert UDP, zoals vaak op het werk of op school. Probeer een ander netwerk of zet de VPN uit.",
  },
  tcp: {
    title: "Speelt over TCP.",
    hint: "Je netwerk blokkeert UDP. Het werkt, met meer vertraging op een slechte lijn.",
  },
  "no-codec": {
    title: "Deze browser kan het beeld niet weergeven.",
    hint: "Probeer een recente Chrome, Edge, Firefox of Safari. Herstart Firefox eenmaal, zodat het zijn H.264-plug-in laadt.",
  },
  "access-ended": {
    title: "Je toegang is afgelopen.",
    hint: "Herlaad de pagina. Blijft het zo, log dan opnieuw in of vraag het de instructeur.",
  },
  unreachable: {
    title: "De server is niet bereikbaar.",
    hint: "Controleer je netwerk. De pagina blijft het proberen.",
  },
  "not-sending": {
    title: "De instructeur zendt niet uit.",
    hint: "Jouw verbinding is in orde. Het beeld komt vanzelf.",
  },
  lossy: {
    title: "Je lijn verliest gegevens.",
    hint: "Ga dichter bij de wifi zitten, gebruik een kabel, of kies een kleiner beeld onder Kwaliteit.",
  },
  "slow-device": {
    title: "Dit apparaat is te traag voor het beeld.",
    hint: "Sluit andere programma’s en tabbladen, of kies een kleiner beeld onder Kwaliteit.",
  },
};
