// Applies the chosen theme and language before the first paint, so that nothing flashes.
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem("lectern.theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    const language = localStorage.getItem("lectern.language") ?? navigator.language.slice(0, 2);
    root.lang = language === "nl" ? "nl" : "en";
  } catch {
    // Storage may be closed to us: the system's theme and English then.
  }
})();
