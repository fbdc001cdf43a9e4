/** Search, filter and order of the instructor's classes. */
import { useTranslation } from "react-i18next";
import { SelectField, TextField } from "../../ui/field";
import { type Listing, listing, ORDERS, STATUSES } from "./listing";

interface ListingFieldsProps {
  choice: Listing;
  onChange: (choice: Listing) => void;
}

/** Each change is told at once. */
export function ListingFields({ choice, onChange }: ListingFieldsProps) {
  const { t } = useTranslation();
  const change = (part: Record<string, string>) => onChange(listing({ ...choice, ...part }));
  return (
    <search className="mb-4 grid gap-3 sm:grid-cols-[1fr_12rem_14rem]">
      <TextField
        type="search"
        label={t("studio.search")}
        value={choice.search ?? ""}
        onChange={(event) => change({ search: event.target.value })}
      />
      <SelectField
        label={t("studio.status")}
        value={choice.status ?? "all"}
        onChange={(event) => change({ status: event.target.value })}
      >
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {status === "all" ? t("studio.all") : t(`status.${status}`)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t("studio.order")}
        value={choice.order ?? "newest"}
        onChange={(event) => change({ order: event.target.value })}
      >
        {ORDERS.map((order) => (
          <option key={order} value={order}>
            {t(`studio.orders.${order}`)}
          </option>
        ))}
      </SelectField>
    </search>
  );
}
