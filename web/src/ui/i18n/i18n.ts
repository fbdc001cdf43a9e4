/** The page's language: Dutch or English, chosen by the person or by their browser. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { recall, remember } from "../storage";
import type { en } from "./en";

/** Languages the page speaks. */
export type Language = "en" | "nl";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
  }
}

/** Loads the texts of the person's language; resolves when the page can be shown. */
export async function startI18n(): Promise<void> {
  const language = parse(recall("language") ?? navigator.language);
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: { [language]: { translation: await texts(language) } },
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = language;
}

/** Changes the language now and for the next visits. */
export async function setLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    i18next.addResourceBundle(language, "translation", await texts(language));
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  remember("language", language);
}

async function texts(language: Language) {
  return language === "nl" ? (await import("./nl")).nl : (await import("./en")).en;
}

function parse(tag: string): Language {
  return tag.toLowerCase().startsWith("nl") ? "nl" : "en";
}
