/** What a class costs. */
import { Coins } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Badge } from "./badge";
import { useTokens } from "./tokens";

/** Tokens, or "free". */
export function PriceBadge({ price }: { price: number }) {
  const { t } = useTranslation();
  const tokens = useTokens();
  return (
    <Badge>
      <Coins aria-hidden="true" />
      {price > 0 ? tokens(price) : t("tokens.free")}
    </Badge>
  );
}
