/** The life of a form: check, send, show what was wrong where it was wrong. */
import { useMutation } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { explain, statusOf } from "./problem";

/** Messages by field name. */
export type FieldErrors = Record<string, string>;

interface FormOptions<Answer> {
  /** What the person must mend before anything is sent. */
  check: (data: FormData) => FieldErrors;
  send: (data: FormData) => Promise<Answer>;
  onDone: (answer: Answer) => void | Promise<void>;
  /** Better words for some statuses than the general ones. */
  say?: Partial<Record<number, string>>;
}

/** Binds a `<form>`; spread `form` onto it. */
export function useForm<Answer>({ check, send, onDone, say }: FormOptions<Answer>) {
  const { t } = useTranslation();
  const [errors, setErrors] = useState<FieldErrors>({});
  const mutation = useMutation({ mutationFn: send, onSuccess: onDone });

  function onSubmit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const wrong = check(data);
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) focusFirst(form, wrong);
    else mutation.mutate(data, { onError: (error) => setErrors(fieldsOf(error, t)) });
  }

  const status = statusOf(mutation.error);
  const message = mutation.error ? (status !== null && say?.[status]) || sentence(mutation.error, t) : null;
  return {
    form: { onSubmit, noValidate: true },
    errors,
    message,
    pending: mutation.isPending,
    done: mutation.isSuccess,
  };
}

/** The text of a form field, trimmed. */
export function text(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
}

function sentence(error: unknown, t: TFunction): string {
  const { title, hint } = explain(error, t);
  return `${title} ${hint}`;
}

/** The server's own messages are in English: we point at the field in the reader's language. */
function fieldsOf(error: unknown, t: TFunction): FieldErrors {
  if (typeof error !== "object" || error === null || !("fields" in error)) return {};
  const names = Array.isArray(error.fields) ? error.fields : [];
  return Object.fromEntries(names.map((name) => [name, t("form.notAccepted")]));
}

function focusFirst(form: HTMLFormElement, wrong: FieldErrors): void {
  const first = [...form.elements].find((element) => (element.getAttribute("name") ?? "") in wrong);
  if (first instanceof HTMLElement) first.focus();
}
