import { expect, test } from "vitest";
import { en } from "./en";
import { regional } from "./locale";
import { nl } from "./nl";

test("the reader's own variant of the page's language decides how dates look", () => {
  expect(regional("en", ["nl-NL", "en-GB", "en-US"])).toBe("en-GB");
  expect(regional("nl", ["en-GB"])).toBe("nl");
});

test("both languages fill in the same blanks", () => {
  const blanks = (texts: object): [string, string[]][] =>
    Object.entries(texts).flatMap(([key, value]): [string, string[]][] =>
      typeof value === "string"
        ? [[key, (value.match(/\{\{\w+\}\}/g) ?? []).toSorted()]]
        : blanks(value).map(([rest, found]) => [`${key}.${rest}`, found]),
    );
  expect(blanks(nl)).toEqual(blanks(en));
});
