/** The still picture of a class: chosen from the machine, shown before it is sent. */
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { TextField } from "../../ui/field";

/** As much as the server takes. */
const MOST_BYTES = 5 * 1024 * 1024;

/** A file field named `thumbnail`, with the present picture at `url` and the one that was chosen. */
export function ThumbnailField({ url }: { url: string | null | undefined }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const [tooLarge, setTooLarge] = useState(false);

  useEffect(() => {
    if (!chosen) return undefined;
    return () => URL.revokeObjectURL(chosen);
  }, [chosen]);

  function choose(input: HTMLInputElement): void {
    const file = input.files?.[0];
    const large = file !== undefined && file.size > MOST_BYTES;
    // A picture that the server would refuse is not sent.
    if (large) input.value = "";
    setTooLarge(large);
    setChosen(file && !large ? URL.createObjectURL(file) : null);
  }

  const shown = chosen ?? url;
  return (
    <div className="grid items-start gap-4 sm:grid-cols-[1fr_14rem]">
      <TextField
        name="thumbnail"
        type="file"
        accept="image/png,image/jpeg,image/webp"
        label={t("create.thumbnail")}
        hint={t("create.thumbnailHint")}
        error={tooLarge ? t("create.thumbnailTooLarge") : undefined}
        className="file:mr-3 file:rounded-md file:border-0 file:bg-raised file:px-3 file:py-1 file:text-ink"
        onChange={(event) => choose(event.currentTarget)}
      />
      {shown ? (
        <img
          src={shown}
          alt={t("create.thumbnailPreview")}
          className="aspect-video w-full rounded-lg border border-line object-cover"
        />
      ) : null}
    </div>
  );
}
