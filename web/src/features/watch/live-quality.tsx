/** The quality of a class as it happens: what the server picks for the line, or one size. */
import { useTranslation } from "react-i18next";
import type { Layer } from "../../media/layers";
import { useLocale } from "../../ui/i18n/locale";
import { bitrate } from "../../ui/numbers";
import { SettingsMenu } from "./settings-menu";

interface LiveQualityProps {
  layers: Layer[];
  layer: Layer | null;
  onOpen: () => void;
  onChoose: (layer: Layer | null) => void;
}

const AUTOMATIC = "automatic";

/** A gear; the sizes are asked for when it is first opened. */
export function LiveQuality({ layers, layer, onOpen, onChoose }: LiveQualityProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const choices = [
    { value: AUTOMATIC, label: t("watch.controls.automatic") },
    ...layers.map((one) => ({
      value: keyOf(one),
      label: one.height ? `${one.height}p` : bitrate(one.bps, locale),
    })),
  ];
  return (
    <SettingsMenu
      quality={{
        choices,
        value: layer ? keyOf(layer) : AUTOMATIC,
        onChange: (value) => onChoose(layers.find((one) => keyOf(one) === value) ?? null),
      }}
      onOpen={onOpen}
    />
  );
}

function keyOf({ rid, spatialLayerId }: Layer): string {
  return `${rid}/${spatialLayerId}`;
}
