// Stands in the page itself (`build/first-page.ts` puts it there) and runs before anything is drawn. It applies the chosen
// theme and language, so that nothing flashes, and has everything fetched side by side that this page will need: its
// code, its texts and the first answers of the server, which would otherwise be found out one after the other.
(() => {
  /** By the build: the files behind each language, and behind each page with what it asks for first. */
  const { languages, pages } = __FIRST_NEEDS__;
  const root = document.documentElement;
  let language = navigator.language;
  try {
    const theme = localStorage.getItem("lectern.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    language = localStorage.getItem("lectern.language") ?? language;
  } catch {
    // Storage may be closed to us: the system's theme and the browser's language then.
  }
  root.lang = language.toLowerCase().startsWith("nl") ? "nl" : "en";

  const fetched = (href, attributes) =>
    document.head.append(Object.assign(document.createElement("link"), { href, ...attributes }));
  const isCode = { rel: "modulepreload" };
  const isAnswer = { rel: "preload", as: "fetch", crossOrigin: "anonymous" };
  for (const file of languages[root.lang]) fetched(file, isCode);
  fetched("/api/auth/me", isAnswer);
  for (const { path, files, asks } of pages) {
    const match = new RegExp(path).exec(location.pathname);
    if (!match) continue;
    for (const file of files) fetched(file, isCode);
    // What a search finds is asked for by the page.
    if (location.search === "") for (const ask of asks) fetched(ask.replace("$1", match[1]), isAnswer);
  }
})();
