/** Which picture the viewers see. */
import { clsx } from "clsx";
import { Monitor, PictureInPicture2, Video } from "lucide-react";
import { RadioGroup } from "radix-ui";
import { useTranslation } from "react-i18next";
import { canShareScreen, type Picture } from "../../media/scene";
import { Card } from "../../ui/page";
import { Alert } from "../../ui/states";
import type { useScene } from "./use-scene";

const PICTURES = [
  { picture: "camera", Icon: Video },
  { picture: "screen", Icon: Monitor },
  { picture: "both", Icon: PictureInPicture2 },
] as const;

/** Camera, screen, or the screen with the camera in its corner. Nothing on devices that cannot share a screen. */
export function PicturePanel({ scene }: { scene: ReturnType<typeof useScene> }) {
  const { t } = useTranslation();
  if (!canShareScreen()) return null;
  return (
    <Card className="grid gap-3 p-4 max-sm:mx-4 sm:p-5">
      <RadioGroup.Root
        aria-label={t("broadcast.picture.label")}
        value={scene.picture}
        onValueChange={(value) => scene.show(value as Picture)}
        className="grid gap-2 sm:grid-cols-3"
      >
        {PICTURES.map(({ picture, Icon }) => (
          <RadioGroup.Item
            key={picture}
            value={picture}
            className={clsx(
              "flex min-h-11 items-center gap-2 rounded-lg border border-edge px-3 py-2 text-left text-sm font-semibold",
              "hover:bg-raised data-[state=checked]:border-primary data-[state=checked]:bg-phase-4",
            )}
          >
            <Icon className="size-4.5 shrink-0" aria-hidden="true" />
            {t(`broadcast.picture.${picture}`)}
          </RadioGroup.Item>
        ))}
      </RadioGroup.Root>
      {scene.fault ? <Alert tone="warn">{t(`broadcast.picture.fault.${scene.fault}`)}</Alert> : null}
      {scene.wasShared ? <Alert tone="warn">{t("broadcast.picture.again")}</Alert> : null}
    </Card>
  );
}
