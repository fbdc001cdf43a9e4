/** Whatever the server can refuse, people read in their own language what happened and what to do. */
import { readFileSync } from "node:fs";
import i18next, { type TFunction } from "i18next";
import { expect, test } from "vitest";
import type { components } from "../api/schema";
import { en } from "../ui/i18n/en";
import { nl } from "../ui/i18n/nl";
import { explain } from "../ui/problem";

type Word<Kind> = Kind extends `/problems/${infer Code}` ? Code : never;
type Text = { title: string; hint: string };

/** The compiler's half: each code of the API's description has a text. */
const texts: Record<string, Record<Word<components["schemas"]["Problem"]["type"]>, Text>> = {
  en: en.problem.codes,
  nl: nl.problem.codes,
};

/** The server's list, as its own tests keep it. */
const KINDS: string[] = (() => {
  const snapshot = readFileSync("../tests/it/golden/openapi.snap", "utf8");
  const described = JSON.parse(snapshot.slice(snapshot.indexOf("\n{")));
  return described.components.schemas.Problem.properties.type.enum;
})();

for (const [language, translation] of Object.entries({ en, nl })) {
  test(`each problem is explained in ${language}`, async () => {
    await i18next.init({ lng: language, resources: { [language]: { translation } } });
    const t: TFunction = i18next.t;
    const unknown = explain({ status: 418, code: "made-up" }, t);
    expect(KINDS.length).toBeGreaterThan(50);
    for (const kind of KINDS) {
      const code = kind.replace("/problems/", "");
      const { title, hint } = explain({ status: 418, code }, t);
      expect({ title, hint }, code).not.toEqual(unknown);
      for (const sentence of [title, hint]) expect(sentence, code).toMatch(/^\p{Lu}.{5,100}[.?!]$/u);
    }
  });
}

test("each list holds what the server sends, and nothing else", () => {
  const codes = KINDS.map((kind) => kind.replace("/problems/", "")).sort();
  for (const [language, known] of Object.entries(texts)) expect(Object.keys(known).sort(), language).toEqual(codes);
});

test("what has no code is explained by its status", () => {
  const t: TFunction = i18next.t;
  expect(explain({ status: 502 }, t).title).toBe(nl.problem.away.title);
  expect(explain({ status: 404, code: "made-up" }, t).title).toBe(nl.problem.codes["not-found"].title);
  expect(explain(new TypeError("failed to fetch"), t).title).toBe(nl.problem.offline.title);
  expect(explain(new Error("?"), t).title).toBe(nl.problem.unknown.title);
});
