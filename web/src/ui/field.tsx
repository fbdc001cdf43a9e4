/** Labelled form controls; an error is tied to its control for screen readers. */
import { clsx } from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

interface FieldProps {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
}

/** Classes of anything that is filled in. */
export const CONTROL =
  "w-full min-h-11 rounded-lg border border-edge bg-surface px-3 py-2 text-ink placeholder:text-muted " +
  "disabled:opacity-60 aria-invalid:border-danger";

/** A one-line text. */
export function TextField({ label, hint, error, className, ...input }: FieldProps & ComponentProps<"input">) {
  return (
    <Labelled label={label} hint={hint} error={error}>
      {(control) => <input {...control} className={clsx(CONTROL, className)} {...input} />}
    </Labelled>
  );
}

/** A text of several lines. */
export function TextAreaField({ label, hint, error, ...input }: FieldProps & ComponentProps<"textarea">) {
  return (
    <Labelled label={label} hint={hint} error={error}>
      {(control) => <textarea rows={4} {...control} className={CONTROL} {...input} />}
    </Labelled>
  );
}

/** One of a list; the system's own list, which works on every phone. */
export function SelectField({ label, hint, error, children, ...input }: FieldProps & ComponentProps<"select">) {
  return (
    <Labelled label={label} hint={hint} error={error}>
      {(control) => (
        <select {...control} className={CONTROL} {...input}>
          {children}
        </select>
      )}
    </Labelled>
  );
}

/** Yes or no. */
export function CheckField({ label, hint, ...input }: Omit<FieldProps, "error"> & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className="flex items-start gap-3">
      <input
        id={id}
        type="checkbox"
        className="mt-0.5 size-5 shrink-0 accent-primary"
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...input}
      />
      <div>
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint ? (
          <p id={`${id}-hint`} className="text-sm text-muted">
            {hint}
          </p>
        ) : null}
      </div>
    </div>
  );
}

interface Control {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

function Labelled({ label, hint, error, children }: FieldProps & { children: (control: Control) => ReactNode }) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
      </label>
      {children({ id, "aria-invalid": Boolean(error), "aria-describedby": note ? `${id}-note` : undefined })}
      {note ? (
        <p id={`${id}-note`} className={clsx("mt-1 text-sm", error ? "text-danger" : "text-muted")}>
          {note}
        </p>
      ) : null}
    </div>
  );
}
