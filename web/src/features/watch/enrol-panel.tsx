/** In front of a class that needs an enrolment: what it costs, and the button. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { enrol } from "../../api/sessions";
import type { Session } from "../../api/types";
import { Button } from "../../ui/button";
import { explain } from "../../ui/problem";
import { Stage, StageNotice } from "./stage";

/** Enrols the signed-in viewer; the page then shows the class by itself. */
export function EnrolPanel({ session }: { session: Session }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const enrolling = useMutation({
    mutationFn: () => enrol(session.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  const { priceInTokens: price } = session;
  return (
    <Stage state="idle">
      <StageNotice title={t("watch.enrol.title")}>
        <p className="opacity-90">{price > 0 ? t("watch.enrol.price", { count: price }) : t("watch.enrol.free")}</p>
        <Button className="mt-3" disabled={enrolling.isPending} onClick={() => enrolling.mutate()}>
          {t("watch.enrol.button")}
        </Button>
        {enrolling.isError ? (
          <p role="alert" className="font-semibold">
            {explain(enrolling.error, t).title}
          </p>
        ) : null}
      </StageNotice>
    </Stage>
  );
}
