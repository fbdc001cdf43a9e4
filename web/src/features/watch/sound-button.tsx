/** Browsers play no sound until somebody has pressed something. */
import { Volume2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/button";

/** In the middle of the picture, where it cannot be missed. */
export function SoundButton({ onPress }: { onPress: () => void }) {
  const { t } = useTranslation();
  return (
    <Button
      size="large"
      className="absolute top-1/2 left-1/2 z-20 -translate-1/2 whitespace-nowrap shadow-lift"
      onClick={onPress}
    >
      <Volume2 aria-hidden="true" />
      {t("watch.unmute")}
    </Button>
  );
}
