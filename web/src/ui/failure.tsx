/** A deed that failed, said beside what was pressed. */
import { clsx } from "clsx";
import { useTranslation } from "react-i18next";
import { explain } from "./problem";
import { Alert } from "./states";

interface FailureProps {
  /** What a mutation threw; nothing is shown without. */
  error: unknown;
  /** On a ground of its own, for where there is room. */
  boxed?: boolean;
  className?: string;
}

/** What went wrong and what to do about it, in a sentence or two. */
export function Failure({ error, boxed = false, className }: FailureProps) {
  const { t } = useTranslation();
  if (!error) return null;
  const { title, hint } = explain(error, t);
  const text = `${title} ${hint}`;
  if (boxed) return <Alert tone="danger">{text}</Alert>;
  return (
    <p role="alert" className={clsx("text-sm text-danger", className)}>
      {text}
    </p>
  );
}
